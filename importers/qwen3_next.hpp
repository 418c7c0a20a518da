// Qwen3-Next as a model description. What a checkpoint says of itself is read into facts, from either layout;
// one writer makes the description of them.
#pragma once
#include <importers/hub_quantisation.hpp>

#include <tenon/weights/checkpoint.hpp>
#include <tenon/weights/gguf.hpp>

namespace tenon {

// A table of weights: the plugin's names, and the checkpoint's.
using WeightNames = std::vector<std::pair<std::string, std::string>>;

struct Qwen3NextNames {
  std::string layer_prefix;                               // "model.layers.{layer}."
  WeightNames model, layer, linear, full, sparse, dense;  // all but `model` after the prefix
  std::string speculative_prefix;
  WeightNames speculative;  // empty: there is no head that guesses ahead
};

// How positions turn queries and keys.
struct Qwen3NextPosition {
  int64_t rotary_dim = 0;
  double theta = 10000;
  bool is_stretched = false;  // by YaRN; the rest is about that
  double factor = 1;
  int64_t original_context = 0;
  std::vector<std::pair<std::string, double>> settings;  // further keys of the plugin
  bool truncate = true;
};

// Defaults of a request.
struct Qwen3NextGeneration {
  double temperature = 1;
  int64_t top_k = 0;
  double top_p = 1, min_p = 0, repetition_penalty = 1;
  std::vector<int64_t> eos;
};

// Where tokenizer and chat template are. Empty: there is none.
struct Qwen3NextText {
  std::string tokenizer, chat_template, template_comment;
  std::vector<std::pair<std::string, std::string>> special_tokens;  // "eos_token", "<|im_end|>"
};

struct Qwen3NextFacts {
  std::string source, name;
  int64_t model_dim = 0, vocabulary = 0, layers = 0, context = 0;
  double norm_eps = 1e-6, norm_offset = 1;
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  bool has_bias = false;
  int64_t key_heads = 0, value_heads = 0, key_dim = 0, value_dim = 0, conv_window = 4;
  std::string projections, decay;  // of the linear layers' plugin; empty: as it has them by default
  int64_t experts = 0, top_k = 0, expert_dim = 0, shared_dim = 0, dense_dim = 0;
  bool normalise = true;
  std::vector<std::string> mixers, ffns;  // role of each layer: full or linear, sparse or dense
  bool is_tied = false;                   // the embedding is the head too
  bool has_speculative = false;           // a head that guesses ahead
  Qwen3NextPosition position;
  Qwen3NextNames names;
  std::string weights_path;         // empty: there are none
  std::string dtype = "bf16";       // for reports without files
  HubQuantisation quantisation;     // the same, but for gptq_version
  std::vector<std::string> ignore;  // patterns of tensors that nobody needs
  Qwen3NextGeneration generation;
  Qwen3NextText text;

  bool has_mixer(const char* role) const;
  bool has_ffn(const char* role) const;
};

inline constexpr int64_t kQwen3NextDimMax = 1 << 20, kQwen3NextContextMax = 1 << 24, kQwen3NextLayersMax = 4096,
                         kQwen3NextCountMax = 65536;

// What either layout calls the tensors of such a model. In GGUF, projections are split unless the facts say
// otherwise.
Qwen3NextNames qwen3_next_hub_names(const Qwen3NextFacts& facts);
Qwen3NextNames qwen3_next_gguf_names(const Qwen3NextFacts& facts);

// From config.json and its neighbours ("model_type": "qwen3_next").
Result<Qwen3NextFacts> read_qwen3_next(const HubConfig& hub);

// From a GGUF file (general.architecture = "qwen3next"); `tensors` of all its parts.
Result<Qwen3NextFacts> read_qwen3_next(const Gguf& file, const Checkpoint& tensors);

// The description as TOML.
std::string write_qwen3_next(const Qwen3NextFacts& facts);

}  // namespace tenon
