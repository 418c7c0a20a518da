// tenon inspect MODEL: the assembled model, without computing anything.
#include "command.hpp"

#include <apps/common/loaded_model.hpp>
#include <apps/common/model_report.hpp>

#include <tenon/base/text.hpp>

#include <cmath>
#include <cstdio>
#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  ModelOptions model;
  bool as_json = false;
};

constexpr uint32_t kContexts[] = {4096, 32768, 262144, 1048576};

// Neighbouring layers of the same making.
struct Group {
  std::string mixer, experts;  // plugins
  std::vector<uint32_t> layers;
  uint64_t bytes_per_token, bytes_per_sequence;
};

std::vector<Group> groups_of(const Assembly& assembly) {
  const ModelDescription& description = assembly.description();
  std::vector<Group> groups;
  for (uint32_t i = 0; i < description.layers.size(); ++i) {
    std::string mixer = plugin_of(description.mixers, description.layers[i].mixer);
    std::string experts = plugin_of(description.experts, description.layers[i].experts);
    const tenon_needs& needs = assembly.needs()[i];
    auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.mixer == mixer && group.experts == experts &&
             group.bytes_per_token == needs.bytes_per_token &&
             group.bytes_per_sequence == needs.bytes_per_sequence;
    });
    if (same == groups.end()) {
      groups.push_back({mixer, experts, {}, needs.bytes_per_token, needs.bytes_per_sequence});
      same = groups.end() - 1;
    }
    same->layers.push_back(i);
  }
  return groups;
}

// "0-2, 4-6 and 2 more": runs of layers, cut after a few.
std::string ranges_of(const std::vector<uint32_t>& layers) {
  std::string text;
  size_t shown = 0, runs = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    size_t end = i;
    while (end + 1 < layers.size() && layers[end + 1] == layers[end] + 1) ++end;
    if (++runs <= 3) {
      text += (text.empty() ? "" : ", ") + std::to_string(layers[i]);
      if (end > i) text += "-" + std::to_string(layers[end]);
      shown = end + 1;
    }
    i = end;
  }
  return shown < layers.size() ? text + ", ..." : text;
}

struct MemoryRow {
  uint32_t tokens;
  uint64_t bytes;
  bool is_beyond;  // the model's context
};

Result<std::vector<MemoryRow>> memory_table(const Assembly& assembly) {
  std::vector<MemoryRow> rows;
  for (uint32_t tokens : kContexts) {
    TENON_TRY(uint64_t bytes, assembly.sequence_bytes(tokens));
    rows.push_back({tokens, bytes, tokens > assembly.description().context_max});
  }
  return rows;
}

void print_layers(const Assembly& assembly) {
  std::printf("%-7s %-20s %-18s %-14s %14s %14s\n", "layers", "which", "mixer", "experts", "bytes/token",
              "bytes/sequence");
  for (const Group& group : groups_of(assembly))
    std::printf("%-7zu %-20s %-18s %-14s %14s %14s\n", group.layers.size(), ranges_of(group.layers).c_str(),
                group.mixer.c_str(), group.experts.c_str(), format_count(group.bytes_per_token).c_str(),
                format_count(group.bytes_per_sequence).c_str());
}

void print_memory(const Assembly& assembly, const std::vector<MemoryRow>& rows) {
  StateBytes state = state_bytes_of(assembly);
  std::printf("state        %s a token, %s a sequence\n", format_bytes(state.per_token).c_str(),
              format_bytes(state.per_sequence).c_str());
  std::printf("pages        %u tokens each\n\n", assembly.cache_layout().plan.page_tokens);
  std::printf("%-12s %s\n", "context", "memory of one sequence");
  for (const MemoryRow& row : rows)
    std::printf("%-12s %s%s\n", format_count(row.tokens).c_str(), format_bytes(row.bytes).c_str(),
                row.is_beyond ? "   (beyond the model's context)" : "");
}

void print_text(const Assembly& assembly, const std::vector<MemoryRow>& rows) {
  const ModelDescription& d = assembly.description();
  const WeightTotals& totals = assembly.totals();
  std::printf("%s\n\n", d.name.c_str());
  print_layers(assembly);
  std::printf("\nmodel dim    %s\nvocabulary   %s\ncontext      %s tokens\n", format_count(d.model_dim).c_str(),
              format_count(d.vocabulary).c_str(), format_count(d.context_max).c_str());
  std::printf("position     %s\n", d.position ? d.position->use.plugin.c_str() : "none");
  std::printf("cache        %s\nspeculative  %s\n", d.cache.plugin.c_str(),
              d.speculative ? d.speculative->use.plugin.c_str() : "none");
  std::printf("parameters   %s, of which a token uses %s\n", format_count(totals.parameters).c_str(),
              format_count(std::llround(totals.active_parameters)).c_str());
  std::printf("weights      %s, of which a token reads %s%s\n", format_bytes(totals.bytes).c_str(),
              format_bytes(std::llround(totals.active_bytes)).c_str(),
              d.weights.path ? "" : " (by the description; there are no files)");
  print_memory(assembly, rows);
}

Json json_of(const Assembly& assembly, const std::vector<MemoryRow>& rows) {
  Json json = model_report(assembly);
  for (const MemoryRow& row : rows)
    json["memory"].push_back({{"tokens", row.tokens}, {"bytes", row.bytes}, {"beyond_context", row.is_beyond}});
  return json;
}

Result<int> run_inspect(const Options& options) {
  TENON_TRY(ModelDescription description, options.model.describe());
  WeightSource weights = description.weights.path ? WeightSource::kCheckpoint : WeightSource::kNone;
  TENON_TRY(auto model, LoadedModel::load(std::move(description), options.model.plugins, weights));
  const Assembly& assembly = model->assembly();
  TENON_TRY(std::vector<MemoryRow> rows, memory_table(assembly));
  if (options.as_json)
    std::printf("%s\n", json_of(assembly, rows).dump(2).c_str());
  else
    print_text(assembly, rows);
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("inspect", "Show the assembled model: layers, plugins, parameters, memory");
  options->model.add_to(*command);
  command->add_flag("--json", options->as_json, "Write everything as JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_inspect(*options); }; });
}

}  // namespace tenon::cli
