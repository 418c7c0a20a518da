#include <tenon/model/description.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>
#include <tenon/model/toml_reader.hpp>

#include <algorithm>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFormatVersion = 1;
constexpr uint64_t kFileBytesMax = 1 << 20;
constexpr int64_t kDimMax = 1 << 20, kVocabularyMax = 1 << 24, kContextMax = 1 << 24, kLayersMax = 4096;

std::vector<std::string> names_of(const std::map<std::string, Role>& roles) {
  std::vector<std::string> names;
  for (const auto& [name, role] : roles) names.push_back(printable(name));
  return names;
}

PluginUse read_use(TomlReader& reader) {
  PluginUse use;
  reader.text("plugin", use.plugin);
  use.place = reader.place_of("plugin");
  use.config = reader.rest();
  return use;
}

Role read_role(TomlReader& reader) {
  Role role;
  TomlReader weights = reader.table("weights");
  role.weights = weights.names();
  role.use = read_use(reader);
  return role;
}

void read_model(TomlReader reader, ModelDescription& model) {
  reader.text("name", model.name);
  reader.integer("model_dim", model.model_dim, 1, kDimMax);
  reader.integer("vocabulary", model.vocabulary, 1, kVocabularyMax);
  reader.integer("context_max", model.context_max, 1, kContextMax);
  reader.number("norm_eps", model.norm_eps, 0, 1, Need::kOptional);
  reader.number("norm_offset", model.norm_offset, 0, 1, Need::kOptional);
  reader.text("device", model.device, Need::kOptional);
  reader.finish();
}

// [mixers] or [experts]: at least one role.
std::map<std::string, Role> read_roles(TomlReader reader, const std::string& title) {
  std::map<std::string, Role> roles;
  for (auto& [name, table] : reader.named_tables()) roles[name] = read_role(table);
  if (roles.empty()) reader.fail(title + ": is empty, must have a role for layers to name", reader.place());
  return roles;
}

// Layers may only name roles that exist.
LayerRoles read_layer_roles(TomlReader& reader, const ModelDescription& model, const LayerRoles& fallback,
                            Need need) {
  LayerRoles roles = fallback;
  reader.word("mixer", roles.mixer, names_of(model.mixers), need);
  reader.word("experts", roles.experts, names_of(model.experts), need);
  return roles;
}

// [layers]: count layers, made by repeating the pattern; then single ones are changed.
void read_layers(TomlReader reader, ModelDescription& model) {
  int64_t count = 0;
  reader.integer("count", count, 1, kLayersMax);
  std::vector<LayerRoles> pattern;
  for (TomlReader& entry : reader.tables("pattern", Need::kRequired)) {
    pattern.push_back(read_layer_roles(entry, model, {}, Need::kRequired));
    entry.finish();
  }
  if (pattern.empty())
    reader.fail("layers.pattern: is empty, must name a mixer and experts", reader.place_of("pattern"));
  for (int64_t i = 0; i < count && !pattern.empty(); ++i) model.layers.push_back(pattern[i % pattern.size()]);
  for (TomlReader& entry : reader.tables("override", Need::kOptional)) {
    std::vector<int32_t> layers;
    entry.integers("layers", layers, 0, count - 1, Need::kRequired);
    for (int32_t layer : layers)
      model.layers[layer] = read_layer_roles(entry, model, model.layers[layer], Need::kOptional);
    entry.finish();
  }
  reader.finish();
}

void read_position(TomlReader reader, ModelDescription& model) {
  PositionSection position;
  reader.integer("rotary_dim", position.rotary_dim, 2, kDimMax);
  if (position.rotary_dim % 2 != 0)
    reader.fail("position.rotary_dim: is " + std::to_string(position.rotary_dim) + ", must be even",
                reader.place_of("rotary_dim"));
  position.use = read_use(reader);
  model.position = std::move(position);
}

void read_speculative(TomlReader reader, ModelDescription& model) {
  SpeculativeSection section;
  section.weights = reader.table("weights", Need::kOptional).names();
  section.weights.title = "speculative.weights";
  reader.text("layer_prefix", section.layer_prefix, Need::kOptional);
  reader.integer("draft_tokens", section.draft_tokens, 0, 16, Need::kOptional);
  reader.truth("adaptive", section.adaptive, Need::kOptional);
  section.use = read_use(reader);
  model.speculative = std::move(section);
}

void read_weights(TomlReader reader, const fs::path& directory, WeightsSection& weights) {
  std::string path, dtype = "bf16", matrices;
  reader.text("path", path, Need::kOptional);
  if (reader.has("path")) weights.path = directory / path;
  reader.word("dtype", dtype, {"f32", "f16", "bf16"}, Need::kOptional);
  weights.storage.dtype = *find_dtype(dtype);
  reader.word("matrices", matrices, {"f8_e4m3", "int4", "int4_32", "int8", "int8_32", "uint4_32"},
              Need::kOptional);
  weights.storage.matrices = find_dtype(matrices);
  reader.texts("except", weights.storage.except);
  reader.text("scale_suffix", weights.storage.scale_suffix, Need::kOptional);
  uint32_t gptq_version = 1;
  reader.integer("gptq_version", gptq_version, 1, 2, Need::kOptional);
  weights.storage.gptq_version = static_cast<GptqVersion>(gptq_version);
  reader.texts("ignore", weights.storage.ignore);
  reader.truth("pack", weights.pack, Need::kOptional);
  reader.truth("packed_cache", weights.packed_cache, Need::kOptional);
  if (weights.packed_cache && !weights.pack)
    reader.fail(
        "weights.packed_cache: is true, but pack is false, must be true for there to be something to keep",
        reader.place_of("packed_cache"));
  reader.integer("expert_cache_bytes", weights.expert_cache_bytes, 0, int64_t{1} << 50, Need::kOptional);
  reader.text("layer_prefix", weights.layer_prefix);
  weights.model = reader.table("model").names();
  weights.layer = reader.table("layer").names();
  reader.finish();
}

void read_engine(TomlReader reader, EngineSection& engine) {
  reader.integer("sequences_max", engine.sequences_max, 1, 65536, Need::kOptional);
  reader.integer("tokens_per_step", engine.tokens_per_step, 1, 1 << 20, Need::kOptional);
  reader.integer("context", engine.context, 1, kContextMax, Need::kOptional);
  reader.integer("memory", engine.memory, 0, int64_t{1} << 50, Need::kOptional);
  reader.integer("threads", engine.threads, 1, 1024, Need::kOptional);
  reader.integer("requests_max", engine.requests_max, 1, 1 << 24, Need::kOptional);
  reader.integer("prompt_tokens_max", engine.prompt_tokens_max, 1, int64_t{1} << 40, Need::kOptional);
  reader.number("seconds_max", engine.seconds_max, 0, 1e9, Need::kOptional);
  reader.finish();
}

void read_generation(TomlReader reader, GenerationSection& generation, int64_t vocabulary) {
  reader.number("temperature", generation.temperature, 0, 100, Need::kOptional);
  reader.number("top_p", generation.top_p, 0, 1, Need::kOptional);
  reader.number("min_p", generation.min_p, 0, 1, Need::kOptional);
  reader.integer("top_k", generation.top_k, 0, kVocabularyMax, Need::kOptional);
  reader.number("repetition_penalty", generation.repetition_penalty, 0.01, 100, Need::kOptional);
  reader.number("presence_penalty", generation.presence_penalty, -10, 10, Need::kOptional);
  reader.number("frequency_penalty", generation.frequency_penalty, -10, 10, Need::kOptional);
  reader.integers("eos", generation.eos, 0, vocabulary - 1, Need::kOptional);
  reader.finish();
}

void read_text(TomlReader reader, const fs::path& directory, TextSection& text) {
  std::string tokenizer, chat_template;
  reader.text("tokenizer", tokenizer, Need::kOptional);
  reader.text("chat_template", chat_template, Need::kOptional);
  reader.text("bos_token", text.bos_token, Need::kOptional);
  reader.text("eos_token", text.eos_token, Need::kOptional);
  if (!tokenizer.empty()) text.tokenizer = directory / tokenizer;
  if (!chat_template.empty()) text.chat_template = directory / chat_template;
  reader.finish();
}

void read_file_tables(TomlReader& root, const fs::path& directory, ModelDescription& model) {
  int64_t version = 0;
  root.integer("tenon", version, kFormatVersion, kFormatVersion);
  read_model(root.table("model"), model);
  model.mixers = read_roles(root.table("mixers"), "mixers");
  model.experts = read_roles(root.table("experts"), "experts");
  read_layers(root.table("layers"), model);
  if (root.has("position")) read_position(root.table("position"), model);
  TomlReader cache = root.table("cache");
  model.cache = read_use(cache);
  if (root.has("speculative")) read_speculative(root.table("speculative"), model);
  read_weights(root.table("weights"), directory, model.weights);
  read_engine(root.table("engine", Need::kOptional), model.engine);
  read_generation(root.table("generation", Need::kOptional), model.generation, model.vocabulary);
  read_text(root.table("text", Need::kOptional), directory, model.text);
  root.finish();
}

}  // namespace

Result<ModelDescription> parse_description(std::string_view text, const std::string& file_name,
                                           const fs::path& directory) {
  TENON_TRY(toml::table table, parse_toml(text, file_name));
  TomlReader::File file{file_name, {}};
  TomlReader root(file, &table, "");
  ModelDescription model;
  model.file = file_name;
  read_file_tables(root, directory, model);
  if (file.problem) return *file.problem;
  return model;
}

Result<ModelDescription> load_description(const fs::path& path) {
  TENON_TRY(std::string text, read_file(path, kFileBytesMax));
  return parse_description(text, path.string(), path.parent_path());
}

}  // namespace tenon
