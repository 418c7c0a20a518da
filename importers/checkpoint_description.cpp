#include <importers/checkpoint_description.hpp>

#include <importers/qwen3_next.hpp>

#include <tenon/base/text.hpp>

namespace tenon {
namespace {

namespace fs = std::filesystem;

// One line per architecture.
struct Importer {
  const char* model_type;    // of config.json
  const char* architecture;  // of a GGUF file
  Result<std::string> (*describe_hub)(const HubConfig& hub);
  Result<std::string> (*describe_gguf)(const Gguf& file, const Checkpoint& tensors);
};

Result<std::string> describe_qwen3_next_hub(const HubConfig& hub) {
  TENON_TRY(Qwen3NextFacts facts, read_qwen3_next(hub));
  return write_qwen3_next(facts);
}

Result<std::string> describe_qwen3_next_gguf(const Gguf& file, const Checkpoint& tensors) {
  TENON_TRY(Qwen3NextFacts facts, read_qwen3_next(file, tensors));
  return write_qwen3_next(facts);
}

constexpr Importer kImporters[] = {
    {"qwen3_next", "qwen3next", describe_qwen3_next_hub, describe_qwen3_next_gguf},
};

Result<std::string> describe_directory(const fs::path& directory) {
  TENON_TRY(HubConfig hub, HubConfig::open(directory));
  TENON_TRY(std::string type, hub.get_text(hub.config(), "model_type"));
  std::vector<std::string> known;
  for (const Importer& importer : kImporters) {
    if (type == importer.model_type) return importer.describe_hub(hub);
    known.push_back(importer.model_type);
  }
  return hub.refuse(hub.config(), "model_type", type, "one of " + join_words(known));
}

Result<std::string> describe_gguf(const fs::path& path) {
  fs::path absolute = fs::absolute(path).lexically_normal();  // links stay: only their names tell the layout
  TENON_TRY(auto file, Gguf::open(absolute));
  TENON_TRY(Checkpoint tensors, Checkpoint::open(absolute));
  constexpr const char* kKey = "general.architecture";
  TENON_TRY(std::string_view architecture, file->metadata().get_text(kKey));
  std::vector<std::string> known;
  for (const Importer& importer : kImporters) {
    if (architecture == importer.architecture) return importer.describe_gguf(*file, tensors);
    known.push_back(importer.architecture);
  }
  return file->metadata().refuse(kKey, "is \"" + printable(architecture) + "\"", "one of " + join_words(known));
}

}  // namespace

Result<std::string> describe_checkpoint(const fs::path& path) {
  return is_gguf(path) ? describe_gguf(path) : describe_directory(path);
}

}  // namespace tenon
