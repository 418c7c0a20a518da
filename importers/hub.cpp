#include <importers/hub.hpp>

#include <importers/qwen3_next.hpp>

#include <tenon/base/text.hpp>

namespace tenon {
namespace {

struct Importer {
  const char* model_type;
  Result<std::string> (*describe)(const HubConfig& hub);
};

constexpr Importer kImporters[] = {
    {"qwen3_next", describe_qwen3_next},
};

}  // namespace

Result<std::string> describe_checkpoint(const std::filesystem::path& directory) {
  TENON_TRY(HubConfig hub, HubConfig::open(directory));
  TENON_TRY(std::string type, hub.get_text(hub.config(), "model_type"));
  std::vector<std::string> known;
  for (const Importer& importer : kImporters) {
    if (type == importer.model_type) return importer.describe(hub);
    known.push_back(importer.model_type);
  }
  return hub.refuse(hub.config(), "model_type", type, "one of " + join_words(known));
}

}  // namespace tenon
