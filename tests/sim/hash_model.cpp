#include "hash_model.hpp"

#include "plugins/definition.hpp"
#include "watched_cache.hpp"

#include <tenon/base/check.hpp>
#include <tenon/weights/safetensors.hpp>

#include <stdlib.h>

namespace tenon::sim {
namespace {

constexpr const char* kRoles[kLayers] = {"first", "second", "third"};
constexpr const char* kMixers[kLayers] = {"hash_recurrent", "hash_paged", "hash_recurrent"};

std::string line(const std::string& key, const std::string& value) { return key + " = " + value + "\n"; }
std::string line(const std::string& key, uint64_t value) { return line(key, std::to_string(value)); }
std::string quoted(const std::string& text) { return '"' + text + '"'; }
// Of a role: its plugin, which has no weights.
std::string plugin_line(const std::string& plugin) {
  return line("plugin", quoted(plugin)) + line("weights", "{}");
}

std::string model_text() {
  std::string pattern;
  for (const char* role : kRoles)
    pattern += "{ mixer = " + quoted(role) + ", experts = " + quoted(std::string("turn_") + role) + " }, ";
  return "tenon = 1\n[model]\n" + line("name", quoted("hash")) + line("model_dim", kVocabulary) +
         line("vocabulary", kVocabulary) + line("context_max", 1 << 20) + line("norm_offset", "0.0") +
         "[layers]\n" + line("count", kLayers) + line("pattern", "[" + pattern + "]");
}

std::string fail_line(const Settings& settings, const std::string& role) {
  return settings.failing == role ? line("fail_every", settings.fail_every) : "";
}

std::string path_line(const Settings& settings) {
  return line("one_path", settings.reuse_decoded ? "true" : "false");
}

std::string layer_text(const Settings& settings, size_t layer, uint64_t& gain) {
  std::string mixer = kRoles[layer], experts = std::string("turn_") + kRoles[layer];
  std::string text = "[mixers." + mixer + "]\n" + plugin_line(kMixers[layer]) + line("layer", layer) +
                     line("gain", std::to_string(gain *= kGrowth) + ".0") + path_line(settings) +
                     fail_line(settings, mixer);
  if (kMixers[layer] == std::string("hash_recurrent")) text += line("state_words", settings.state_words);
  return text + "[experts." + experts + "]\n" + plugin_line("hash_experts") +
         line("shift", static_cast<uint64_t>(kShifts[layer])) +
         line("gain", std::to_string(gain *= kGrowth) + ".0") + fail_line(settings, experts);
}

std::string cache_text(const Settings& settings) {
  std::string text = "[cache]\n" +
                     line("plugin", quoted(settings.is_watched ? kWatchedCache : "hybrid_paged")) +
                     line("page_tokens", settings.page_tokens);
  if (settings.is_watched) text += line("refuse_every", settings.refuse_every);
  if (!cache_has_key("prefix_cache")) return text;
  return text + line("prefix_cache", settings.prefix_cache ? "true" : "false") +
         line("prefix_bytes", settings.prefix_bytes) + line("snapshot_tokens", settings.snapshot_tokens) +
         line("reuse_decoded", settings.reuse_decoded ? "true" : "false");
}

std::string speculator_text(const Settings& settings) {
  if (settings.draft_tokens == 0) return "";
  // To be adaptive is to measure time, which no simulation may depend on.
  return "[speculative]\n" + plugin_line("hash_speculator") + line("draft_tokens", settings.draft_tokens) +
         line("adaptive", "false") + line("silent_percent", settings.silent_percent) +
         line("right_percent", settings.right_percent) + path_line(settings) +
         fail_line(settings, "speculator");
}

std::string engine_text(const Settings& settings) {
  std::string text = "[engine]\n" + line("sequences_max", settings.sequences_max) +
                     line("tokens_per_step", settings.tokens_per_step) + line("context", settings.context) +
                     line("threads", 1);
  return settings.memory_bytes ? text + line("memory", settings.memory_bytes) : text;
}

std::string weights_text(const std::filesystem::path& weights) {
  return "[weights]\n" + line("path", quoted(weights.string())) + line("layer_prefix", quoted("{layer}.")) +
         "[weights.model]\n" + line("embedding", quoted("identity")) + line("head", quoted("identity")) +
         line("final_norm", quoted("norm")) + "[weights.layer]\n" + line("mixer_norm", quoted("norm")) +
         line("experts_norm", quoted("expert_norm"));
}

Status write_weights(const std::filesystem::path& path) {
  constexpr size_t dim = kVocabulary;
  std::vector<float> identity(dim * dim), ones(dim, 1.0f);
  for (size_t i = 0; i < dim; ++i) identity[i * dim + i] = 1;
  std::vector<TensorToWrite> tensors = {{"identity", DType::kF32, {dim, dim}, identity.data()},
                                        {"norm", DType::kF32, {dim}, ones.data()}};
  for (size_t layer = 0; layer < kLayers; ++layer)
    for (const char* name : {".norm", ".expert_norm"})
      tensors.push_back({std::to_string(layer) + name, DType::kF32, {dim}, ones.data()});
  return write_safetensors(path, tensors);
}

}  // namespace

std::string Settings::text() const {
  std::string text = std::to_string(sequences_max) + " sequences, " + std::to_string(tokens_per_step) +
                     " tokens a step, context " + std::to_string(context) + ", " + std::to_string(page_tokens) +
                     " tokens a page, " + std::to_string(memory_bytes) + " bytes, " +
                     std::to_string(draft_tokens) + " drafts " + std::to_string(right_percent) + "% right " +
                     std::to_string(silent_percent) + "% silent";
  if (priorities) text += ", priorities";
  if (salts > 1) text += ", " + std::to_string(salts) + " salts";
  if (!prefix_cache) text += ", no prefix cache";
  if (reuse_decoded) text += ", answers reused";
  if (fail_every) text += ", " + failing + " fails every " + std::to_string(fail_every) + " calls";
  if (refuse_every) text += ", cache refuses every " + std::to_string(refuse_every) + " calls";
  return text;
}

std::string describe(const Settings& settings, const std::filesystem::path& weights) {
  std::string text = model_text();
  uint64_t gain = 1;  // of the embedding
  for (size_t layer = 0; layer < kLayers; ++layer) text += layer_text(settings, layer, gain);
  return text + cache_text(settings) + speculator_text(settings) + engine_text(settings) +
         weights_text(weights);
}

Workshop::Workshop() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tenon-sim-XXXXXX").string();
  TENON_CHECK(mkdtemp(pattern.data()), "cannot make {}", pattern);
  directory_ = pattern;
  Status written = write_weights(directory_ / "hash.safetensors");
  TENON_CHECK(written.ok(), "{}", written.error().text);
  RegistryOptions options;
  for (const char* directory : {TENON_SIM_PLUGINS, TENON_PLUGINS})
    options.directories.push_back({directory, PluginDirectory::Trust::kInstalled});
  registry_ = std::make_unique<PluginRegistry>(std::move(options));
  auto cache = registry_->get("hybrid_paged");
  TENON_CHECK(cache.ok(), "{}", cache.error().text);
  Status added = registry_->add(watched_cache_plugin(cache.value()->entry()), "tenon-sim");
  TENON_CHECK(added.ok(), "{}", added.error().text);
}

Workshop::~Workshop() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

Result<std::unique_ptr<Assembly>> Workshop::assemble(const Settings& settings, WeightSource weights) {
  std::string text = describe(settings, directory_ / "hash.safetensors");
  TENON_TRY(ModelDescription description, parse_description(text, "hash.toml", directory_));
  AssembleOptions options;
  options.weights = weights;
  return Assembly::make(std::move(description), *registry_, options);
}

}  // namespace tenon::sim
