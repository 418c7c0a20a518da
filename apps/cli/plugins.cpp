// tenon plugins: what is found, and why something was refused.
#include "command.hpp"

#include <apps/common/options.hpp>

#include <tenon/base/json.hpp>
#include <tenon/base/text.hpp>

#include <cstdio>
#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  PluginOptions plugins;
  bool as_json = false, with_schema = false;
};

std::string words_of(const SchemaKey& key) {
  std::string text = expectation_of(key);
  if (key.fallback) text += ", default " + text_of(*key.fallback);
  return text;
}

Json json_of(const PluginReport& report) {
  Json json = {{"name", report.name}, {"path", report.path.string()}, {"ok", report.library != nullptr}};
  if (!report.library) {
    json["reason"] = report.reason;
    return json;
  }
  const tenon_plugin& entry = report.library->entry();
  json["version"] = entry.version, json["summary"] = entry.summary;
  json["interfaces"] = report.library->interfaces();
  json["abi"] = std::to_string(entry.abi_major) + "." + std::to_string(entry.abi_minor);
  json["schema"] = Json::array();
  for (const SchemaKey& key : report.library->schema().keys())
    json["schema"].push_back({{"key", key.name},
                              {"type", name_of(key.kind)},
                              {"accepts", expectation_of(key)},
                              {"default", key.fallback ? Json(text_of(*key.fallback)) : Json()},
                              {"documentation", key.documentation}});
  return json;
}

void print_plugin(const PluginReport& report, bool with_schema) {
  if (!report.library) {
    std::printf("%-18s refused: %s\n", report.name.c_str(), report.reason.c_str());
    return;
  }
  const tenon_plugin& entry = report.library->entry();
  std::printf("%-18s %-8s %-28s %s\n", entry.id, entry.version,
              join_words(report.library->interfaces()).c_str(), entry.summary);
  if (!with_schema) return;
  for (const SchemaKey& key : report.library->schema().keys())
    std::printf("    %-18s %s\n    %-18s   %s\n", key.name.c_str(), words_of(key).c_str(), "",
                key.documentation.c_str());
  std::printf("    from %s\n", report.library->origin().c_str());
}

Result<int> run_plugins(const Options& options) {
  TENON_TRY(RegistryOptions registry_options, options.plugins.registry_options());
  PluginRegistry registry(registry_options);
  std::vector<PluginReport> reports = registry.list();
  if (options.as_json) {
    Json json = Json::array();
    for (const PluginReport& report : reports) json.push_back(json_of(report));
    std::printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  for (const PluginReport& report : reports) print_plugin(report, options.with_schema);
  std::string places;
  for (const PluginDirectory& directory : registry_options.directories) places += " " + directory.path.string();
  std::printf("%zu found in%s\n", reports.size(), places.empty() ? " no directory" : places.c_str());
  return 0;
}

}  // namespace

void add_plugins(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("plugins", "List the plugins that are found, and why any was refused");
  options->plugins.add_to(*command);
  command->add_flag("--schema", options->with_schema, "Show the configuration keys of each, and its file");
  command->add_flag("--json", options->as_json, "Write everything as JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_plugins(*options); }; });
}

}  // namespace tenon::cli
