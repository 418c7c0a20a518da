// A model description: which plugin stands where, with which configuration, and where the weights are. Read
// from TOML (docs/description.md is its reference); every error carries file:line:column. Plain data: reading
// it loads nothing.
#pragma once
#include <tenon/model/plugin_object.hpp>
#include <tenon/model/weight_scope.hpp>

#include <optional>

namespace tenon {

// [mixers.NAME] or [experts.NAME]: a plugin in a role that layers refer to.
struct Role {
  PluginUse use;
  NameTable weights;
};

// One layer of the model, by the names of its roles.
struct LayerRoles {
  std::string mixer, experts;
};

// [position]
struct PositionSection {
  PluginUse use;
  uint32_t rotary_dim = 0;  // dimensions of each head that positions turn; half as many pairs
};

// [speculative]
struct SpeculativeSection {
  PluginUse use;
  NameTable weights;
  std::string layer_prefix;   // of the tensors of its own layers, with {layer}
  uint32_t draft_tokens = 0;  // guessed at a time, at most; 0: its weights are loaded, and it is not used
  bool adaptive = true;       // whether fewer are guessed when that is faster
};

// [weights]
struct WeightsSection {
  std::optional<std::filesystem::path> path;  // absent: a description without weights, good for inspection
  StorageOptions storage;
  std::string layer_prefix;         // "model.layers.{layer}."
  bool pack = true;                 // whether quantised weights are rearranged at load; see ops/packing.hpp
  bool packed_cache = false;        // in a file beside the checkpoint, made at the first load
  uint64_t expert_cache_bytes = 0;  // memory for experts that are read when they are needed; 0: all are loaded
  NameTable model;                  // embedding, final_norm, head
  NameTable layer;                  // mixer_norm, experts_norm; after layer_prefix
};

// [engine]. 0 means: chosen by the engine.
struct EngineSection {
  uint32_t sequences_max = 8;      // in one step
  uint32_t tokens_per_step = 512;  // shared by decode and prefill
  uint32_t context = 0;            // tokens of one sequence; 0: the model's context_max
  uint64_t memory = 0;             // bytes for the cache
  uint32_t threads = 0;
  uint32_t requests_max = 0;                // that run or wait; 0: sequences_max and 256 that wait
  uint64_t prompt_tokens_max = 16'777'216;  // of all of them
  double seconds_max = 0;                   // of each, waiting included; 0: no limit
};

// [generation]: defaults of a request.
struct GenerationSection {
  double temperature = 1.0, top_p = 1.0, min_p = 0.0;
  int32_t top_k = 0;  // 0: all
  double repetition_penalty = 1.0, presence_penalty = 0.0, frequency_penalty = 0.0;
  std::vector<int32_t> eos;  // token ids that end an answer
};

// [text]. Empty paths: the model speaks token ids only.
struct TextSection {
  std::filesystem::path tokenizer, chat_template;
  std::string bos_token, eos_token;  // as the chat template sees them
};

struct ModelDescription {
  std::string name;
  std::string file;  // for messages
  uint32_t model_dim = 0, vocabulary = 0, context_max = 0;
  double norm_eps = 1e-6;
  double norm_offset = 1.0;  // see tenon_model_shape
  std::string device = "cpu";
  std::vector<LayerRoles> layers;
  std::optional<PositionSection> position;
  std::map<std::string, Role> mixers, experts;
  PluginUse cache;
  std::optional<SpeculativeSection> speculative;
  WeightsSection weights;
  EngineSection engine;
  GenerationSection generation;
  TextSection text;
};

// Paths in the text are relative to `directory`. file_name is for messages.
Result<ModelDescription> parse_description(std::string_view text, const std::string& file_name,
                                           const std::filesystem::path& directory);

Result<ModelDescription> load_description(const std::filesystem::path& path);

}  // namespace tenon
