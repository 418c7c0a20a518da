#include <apps/common/model_source.hpp>

#include <importers/checkpoint_description.hpp>

#include <tenon/weights/gguf.hpp>

namespace tenon {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<fs::path> find_demo_model() {
  std::error_code error;
  fs::path program = fs::canonical("/proc/self/exe", error);
  for (fs::path up = program.parent_path(); up.has_relative_path(); up = up.parent_path())
    for (const char* place : {"share/tenon/models/demo", "models/demo"})
      if (fs::exists(up / place / "config.json", error)) return up / place;
  return invalid("demo model: is not above " + program.parent_path().string() +
                 ", expected models/demo; name a model");
}

Result<ModelDescription> describe_model(const std::string& source) {
  fs::path path = source;
  if (source.empty()) {
    TENON_TRY(path, find_demo_model());
  }
  std::error_code ignored;
  if (!fs::is_directory(path, ignored) && !is_gguf(path)) return load_description(path);
  TENON_TRY(std::string toml, describe_checkpoint(path));
  return parse_description(toml, path.string() + " (imported)", path);
}

}  // namespace tenon
