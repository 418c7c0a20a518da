// Which plugins there are and which of them may run. Two kinds of directories: the installation's own, whose
// plugins are trusted, and further ones, whose plugins run only if allowed by name, and after a probe in a
// child process. What a model says never widens this.
#pragma once
#include <tenon/model/plugin_object.hpp>

#include <map>

namespace tenon {

// One --plugin-dir, or the installation's directory.
struct PluginDirectory {
  std::filesystem::path path;  // absolute
  enum class Trust { kInstalled, kByName } trust;
};

// "name" or "name=sha256": a plugin outside the installation that may run.
struct AllowedPlugin {
  std::string name;
  std::optional<std::string> sha256;  // of the file, if it must be exactly that one
};

struct RegistryOptions {
  std::vector<PluginDirectory> directories;  // searched in this order
  std::vector<AllowedPlugin> allowed;
  std::filesystem::path validator;  // the program that probes unknown files
};

// A plugin file that was found, loaded or refused.
struct PluginReport {
  std::string name;
  std::filesystem::path path;
  const PluginLibrary* library;  // NULL if refused
  std::string reason;            // why it was
};

class PluginRegistry {
 public:
  // The plugins beside this library (build tree or installation), and nothing else.
  static RegistryOptions default_options();
  static Result<AllowedPlugin> parse_allowed(const std::string& text);

  explicit PluginRegistry(RegistryOptions options) : options_(std::move(options)) {}

  // Makes a plugin that is linked into the program known; it is found before any file.
  Status add(const tenon_plugin& entry, const std::string& origin);

  // Loads the plugin on first use. Fails with the reason, and the nearest name if there is no such file.
  Result<const PluginLibrary*> get(const std::string& name);

  // Every plugin file in every directory, loaded or refused.
  std::vector<PluginReport> list();

 private:
  Result<const PluginLibrary*> load(const PluginDirectory& directory, const std::string& name);
  Status check_trust(const PluginDirectory& directory, const PluginFile& file, const std::string& name) const;
  std::vector<std::string> names_in(const PluginDirectory& directory) const;

  RegistryOptions options_;
  std::map<std::string, std::unique_ptr<PluginLibrary>> adopted_;           // by id
  std::map<std::filesystem::path, std::unique_ptr<PluginLibrary>> loaded_;  // by file
};

// Loads the plugin that a description uses and creates its object. An error names the place in the description.
template <class Table>
Result<PluginObject<Table>> make_object(PluginRegistry& registry, const char* interface_id,
                                        const PluginUse& use, std::unique_ptr<PluginHost> host) {
  auto library = registry.get(use.plugin);
  if (!library.ok()) return Error{library.error().code, library.error().text + " (" + use.place.text() + ")"};
  return PluginObject<Table>::create(*library.value(), interface_id, use, std::move(host));
}

}  // namespace tenon
