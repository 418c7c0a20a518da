// The plugins of tests/fakes, copied to where a test wants them.
#pragma once
#include <tests/testing/temp_dir.hpp>

#include <tenon/model/plugin_registry.hpp>

#include <sys/stat.h>

namespace tenon::testing {

inline std::filesystem::path validator() { return std::filesystem::path(TENON_BIN) / "tenon-validate"; }

// The file of a fake where it was built.
inline std::filesystem::path built_fake(const std::string& name) {
  return std::filesystem::path(TENON_FAKES) / ("tenon_" + name + ".so");
}

// A directory with the fakes of these names, as nobody else could have put them there.
class FakeDir : public TempDir {
 public:
  explicit FakeDir(const std::vector<std::string>& names) {
    for (const std::string& name : names) add(name);
  }
  // as: another file name for it.
  std::filesystem::path add(const std::string& name, const std::string& as = "") const {
    std::filesystem::path to = path() / ("tenon_" + (as.empty() ? name : as) + ".so");
    std::filesystem::copy_file(built_fake(name), to);
    chmod(to.c_str(), 0755);
    return to;
  }
  // The text of a refusal, with D for this directory.
  std::string without_path(const std::string& text) const { return replaced(text, path().string(), "D"); }
};

// A registry over directories that are trusted, or whose plugins must be allowed.
inline PluginRegistry installed(const FakeDir& dir) {
  return PluginRegistry({{{dir.path(), PluginDirectory::Trust::kInstalled}}, {}, {}});
}
inline PluginRegistry allowing(const FakeDir& dir, std::vector<AllowedPlugin> allowed) {
  return PluginRegistry({{{dir.path(), PluginDirectory::Trust::kByName}}, std::move(allowed), validator()});
}

// Loads a fake from a trusted directory; "" or the reason.
inline std::string refusal_of_installed(const std::string& name) {
  FakeDir dir({name});
  PluginRegistry registry = installed(dir);
  return dir.without_path(refusal_of(registry.get(name)));
}

// Loads a fake by --allow-plugin, hence after a probe.
inline std::string refusal_of_allowed(const std::string& name) {
  FakeDir dir({name});
  PluginRegistry registry = allowing(dir, {{name, std::nullopt}});
  return dir.without_path(refusal_of(registry.get(name)));
}

}  // namespace tenon::testing
