#include <tenon/model/plugin_registry.hpp>

#include <tenon/base/text.hpp>
#include <tenon/model/plugin_probe.hpp>

#include <dlfcn.h>

#include <algorithm>

namespace tenon {
namespace {

namespace fs = std::filesystem;

fs::path own_library_path() {
  Dl_info info{};
  dladdr(reinterpret_cast<void*>(&own_library_path), &info);
  std::error_code ignored;
  return fs::canonical(info.dli_fname, ignored);
}

}  // namespace

RegistryOptions PluginRegistry::default_options() {
  RegistryOptions options;
  fs::path library = own_library_path().parent_path();  // <prefix>/lib/... or <build>/lib
  std::error_code ignored;
  for (const fs::path& candidate : {library / "tenon" / "plugins", library.parent_path() / "plugins"})
    if (fs::is_directory(candidate, ignored)) {
      options.directories.push_back({candidate, PluginDirectory::Trust::kInstalled});
      break;
    }
  for (fs::path up = library; up.has_relative_path(); up = up.parent_path())
    if (fs::exists(up / "bin" / "tenon-validate", ignored)) {
      options.validator = up / "bin" / "tenon-validate";
      break;
    }
  return options;
}

Result<AllowedPlugin> PluginRegistry::parse_allowed(const std::string& text) {
  AllowedPlugin allowed;
  size_t equals = text.find('=');
  allowed.name = text.substr(0, equals);
  if (equals != std::string::npos) allowed.sha256 = text.substr(equals + 1);
  auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  bool good_hash = !allowed.sha256 || (allowed.sha256->size() == 64 &&
                                       std::all_of(allowed.sha256->begin(), allowed.sha256->end(), is_digit));
  if (!is_plugin_name(allowed.name) || !good_hash)
    return invalid("--allow-plugin: is \"" + printable(text) +
                   "\", expected NAME or NAME=SHA256 (64 hexadecimal digits)");
  return allowed;
}

Status PluginRegistry::add(const tenon_plugin& entry, const std::string& origin) {
  TENON_TRY(auto library, PluginLibrary::adopt(entry, origin));
  std::string id = library->id();
  if (!adopted_.emplace(id, std::move(library)).second)
    return invalid(origin + ": plugin " + id + " is known already, expected one of each name");
  return ok();
}

Result<const PluginLibrary*> PluginRegistry::get(const std::string& name) {
  if (auto found = adopted_.find(name); found != adopted_.end()) return found->second.get();
  if (!is_plugin_name(name))
    return invalid("plugin \"" + printable(name, 80) + "\": is not a plugin name, expected " + kPluginNameRule);
  std::vector<std::string> names, places;
  std::error_code ignored;
  for (const PluginDirectory& directory : options_.directories) {
    if (fs::exists(fs::symlink_status(directory.path / plugin_file_name(name), ignored)))
      return load(directory, name);
    for (std::string& other : names_in(directory)) names.push_back(std::move(other));
    places.push_back(directory.path.string());
  }
  return invalid("plugin " + name + ": is not in " + (places.empty() ? "any directory" : join_words(places)) +
                 did_you_mean(name, names));
}

std::vector<PluginReport> PluginRegistry::list() {
  std::vector<PluginReport> reports;
  for (const auto& [id, library] : adopted_) reports.push_back({id, library->origin(), library.get(), ""});
  for (const PluginDirectory& directory : options_.directories) {
    for (const std::string& name : names_in(directory)) {
      auto loaded = load(directory, name);
      reports.push_back({name, directory.path / plugin_file_name(name), loaded.ok() ? loaded.value() : nullptr,
                         loaded.ok() ? "" : loaded.error().text});
    }
  }
  return reports;
}

Result<const PluginLibrary*> PluginRegistry::load(const PluginDirectory& directory, const std::string& name) {
  fs::path key = directory.path / plugin_file_name(name);
  if (auto found = loaded_.find(key); found != loaded_.end()) return found->second.get();
  TENON_TRY(PluginFile file, PluginFile::open(directory.path, name));
  TENON_TRY(check_trust(directory, file, name));
  TENON_TRY(auto library, PluginLibrary::load(std::move(file), name));
  return (loaded_[key] = std::move(library)).get();
}

Status PluginRegistry::check_trust(const PluginDirectory& directory, const PluginFile& file,
                                   const std::string& name) const {
  if (directory.trust == PluginDirectory::Trust::kInstalled) return ok();
  auto allowed = std::find_if(options_.allowed.begin(), options_.allowed.end(),
                              [&](const AllowedPlugin& entry) { return entry.name == name; });
  if (allowed == options_.allowed.end())
    return invalid(file.path().string() +
                   ": is outside the installation and not allowed, expected --allow-plugin " + name);
  if (allowed->sha256) {
    TENON_TRY(std::string sha256, file.sha256());
    if (sha256 != *allowed->sha256)
      return invalid(file.path().string() + ": SHA-256 is " + sha256 + ", allowed is only " + *allowed->sha256);
  }
  return probe_plugin(file, name, options_.validator);
}

std::vector<std::string> PluginRegistry::names_in(const PluginDirectory& directory) const {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory.path, ignored))
    if (auto name = find_plugin_name(entry.path().filename().string())) names.push_back(*name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tenon
