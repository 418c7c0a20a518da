#include <tenon/base/text.hpp>
#include <tenon/text/jinja_library.hpp>

#include <dlfcn.h>

#include <filesystem>

namespace tenon {
namespace {

using EngineResult = Result<const jinja::Engine*>;

constexpr const char* kFile = "libtenon_jinja.so";

Error unsupported(std::string text) { return {TENON_UNSUPPORTED, std::move(text)}; }

Result<std::filesystem::path> find_module() {
  Dl_info core{};
  if (dladdr(reinterpret_cast<void*>(&get_jinja_engine), &core) == 0)
    return unsupported("libtenon_core.so: has no path of its own, expected a shared library");
  auto directory = std::filesystem::path(core.dli_fname).parent_path();
  std::error_code ignored;
  for (const auto& path : {directory / kFile, directory / "tenon" / kFile})
    if (std::filesystem::exists(path, ignored)) return path;
  return unsupported(std::string(kFile) + ": is not in " + directory.string() +
                     " nor in tenon/ below it, expected it where libtenon_core.so is");
}

// "libpython3.11.so.1.0: cannot open shared object file": Debian names the package after the library.
Error cannot_load(const std::string& reason) {
  if (!reason.starts_with("libpython")) return unsupported(reason + ", expected a module of the same build");
  return unsupported(reason + ", install the Debian package " + reason.substr(0, reason.find(".so")));
}

EngineResult load() {
  TENON_TRY(auto path, find_module());
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (module == nullptr) return cannot_load(printable(dlerror()));
  auto* get = reinterpret_cast<decltype(&tenon_jinja_engine)>(dlsym(module, "tenon_jinja_engine"));
  if (get == nullptr)
    return unsupported(path.string() + ": does not export tenon_jinja_engine, expected it to");
  return get();
}

}  // namespace

const EngineResult& get_jinja_engine() {
  static const EngineResult engine = load();
  return engine;
}

}  // namespace tenon
