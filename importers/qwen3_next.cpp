#include <importers/qwen3_next.hpp>

#include <importers/toml_writer.hpp>

#include <algorithm>
#include <map>

namespace tenon {
namespace {

constexpr int64_t kDimMax = 1 << 20, kContextMax = 1 << 24, kLayersMax = 4096, kCountMax = 65536;

// What config.json says, under our names.
struct Facts {
  int64_t model_dim, vocabulary, layers, context;
  double norm_eps, theta;
  int64_t heads, kv_heads, head_dim, rotary_dim;
  bool bias;
  int64_t key_heads, value_heads, key_dim, value_dim, conv_window;
  int64_t experts, top_k, expert_dim, shared_dim, dense_dim;
  bool normalise;
  bool is_tied;
  std::string dtype;
  const Json* scaling;                    // rope_scaling or rope_parameters; {} without either
  std::vector<std::string> mixers, ffns;  // role of each layer
};

bool has_role(const std::vector<std::string>& roles, const char* name) {
  return std::find(roles.begin(), roles.end(), name) != roles.end();
}

Status read_attention(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  TENON_TRY(facts.heads, hub.get_int(config, "num_attention_heads", 1, kCountMax));
  TENON_TRY(facts.kv_heads, hub.get_int(config, "num_key_value_heads", 1, kCountMax));
  TENON_TRY(facts.head_dim, hub.get_int(config, "head_dim", 1, kDimMax));
  TENON_TRY(facts.bias, hub.get_bool(config, "attention_bias", false));
  TENON_TRY(facts.key_heads, hub.get_int(config, "linear_num_key_heads", 1, kCountMax));
  TENON_TRY(facts.value_heads, hub.get_int(config, "linear_num_value_heads", 1, kCountMax));
  TENON_TRY(facts.key_dim, hub.get_int(config, "linear_key_head_dim", 1, kDimMax));
  TENON_TRY(facts.value_dim, hub.get_int(config, "linear_value_head_dim", 1, kDimMax));
  TENON_TRY(facts.conv_window, hub.get_int(config, "linear_conv_kernel_dim", 2, 16, 4));
  return ok();
}

// What is given of experts counts only where there are layers that use it.
Status read_experts(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  if (has_role(facts.ffns, "sparse")) {
    TENON_TRY(facts.top_k,
              hub.get_int(config, "num_experts_per_tok", 1, std::min<int64_t>(facts.experts, 256)));
    TENON_TRY(facts.expert_dim, hub.get_int(config, "moe_intermediate_size", 1, kDimMax));
    TENON_TRY(facts.shared_dim, hub.get_int(config, "shared_expert_intermediate_size", 0, kDimMax, 0));
    TENON_TRY(facts.normalise, hub.get_bool(config, "norm_topk_prob", true));
  }
  if (has_role(facts.ffns, "dense")) {
    TENON_TRY(facts.dense_dim, hub.get_int(config, "intermediate_size", 1, kDimMax));
  }
  return ok();
}

// Older files have rope_scaling beside rope_theta and partial_rotary_factor, newer ones rope_parameters with
// all three.
Status read_position(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  static const Json kNone = Json::object();
  facts.scaling = &kNone;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    TENON_TRY(const Json* scaling, hub.find_object(config, key));
    if (scaling) facts.scaling = scaling;
  }
  const Json& theta_from = facts.scaling->contains("rope_theta") ? *facts.scaling : config;
  const Json& share_from = facts.scaling->contains("partial_rotary_factor") ? *facts.scaling : config;
  TENON_TRY(facts.theta, hub.get_number(theta_from, "rope_theta", 1, 1e12, 10000.0));
  TENON_TRY(double share, hub.get_number(share_from, "partial_rotary_factor", 0.001, 1, 0.25));
  facts.rotary_dim = static_cast<int64_t>(static_cast<double>(facts.head_dim) * share);
  if (facts.rotary_dim < 2 || facts.rotary_dim % 2 != 0)
    return hub.refuse(share_from, "partial_rotary_factor", share,
                      "such that an even number of dimensions of a head turn");
  return ok();
}

Status read_layers(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  TENON_TRY(facts.experts, hub.get_int(config, "num_experts", 0, kCountMax));
  TENON_TRY(int64_t interval, hub.get_int(config, "full_attention_interval", 1, kLayersMax, 4));
  TENON_TRY(int64_t sparse_step, hub.get_int(config, "decoder_sparse_step", 1, kLayersMax, 1));
  TENON_TRY(std::vector<int64_t> dense, hub.get_ints(config, "mlp_only_layers", 0, facts.layers - 1));
  Json types = config.value("layer_types", Json());
  if (!types.is_null() && (!types.is_array() || types.size() != static_cast<size_t>(facts.layers)))
    return hub.refuse(config, "layer_types", types, "a list with one entry per layer");
  for (int64_t i = 0; i < facts.layers; ++i) {
    bool is_full = (i + 1) % interval == 0;
    if (!types.is_null()) {
      const Json& type = types[static_cast<size_t>(i)];
      if (type != "full_attention" && type != "linear_attention")
        return hub.refuse(config, "layer_types", type, "\"full_attention\" or \"linear_attention\"");
      is_full = type == "full_attention";
    }
    bool is_dense = facts.experts == 0 || (i + 1) % sparse_step != 0 ||
                    std::find(dense.begin(), dense.end(), i) != dense.end();
    facts.mixers.push_back(is_full ? "full" : "linear");
    facts.ffns.push_back(is_dense ? "dense" : "sparse");
  }
  return ok();
}

// The key is called dtype in newer files.
Result<std::string> read_dtype(const HubConfig& hub) {
  static const std::map<std::string, std::string> kTypes = {
      {"bfloat16", "bf16"}, {"float16", "f16"}, {"float32", "f32"}};
  const char* key = hub.config().contains("dtype") ? "dtype" : "torch_dtype";
  TENON_TRY(std::string name, hub.get_text(hub.config(), key, "bfloat16"));
  auto type = kTypes.find(name);
  if (type == kTypes.end()) return hub.refuse(hub.config(), key, name, "bfloat16, float16 or float32");
  return type->second;
}

Result<Facts> read_facts(const HubConfig& hub) {
  const Json& config = hub.config();
  Facts facts{};
  TENON_TRY(facts.model_dim, hub.get_int(config, "hidden_size", 1, kDimMax));
  TENON_TRY(facts.vocabulary, hub.get_int(config, "vocab_size", 1, 1 << 24));
  TENON_TRY(facts.layers, hub.get_int(config, "num_hidden_layers", 1, kLayersMax));
  TENON_TRY(facts.context, hub.get_int(config, "max_position_embeddings", 1, kContextMax));
  TENON_TRY(facts.norm_eps, hub.get_number(config, "rms_norm_eps", 0, 1, 1e-6));
  TENON_TRY(facts.is_tied, hub.get_bool(config, "tie_word_embeddings", false));
  TENON_TRY(std::string activation, hub.get_text(config, "hidden_act", "silu"));
  if (activation != "silu") return hub.refuse(config, "hidden_act", activation, "\"silu\"");
  TENON_TRY(facts.dtype, read_dtype(hub));
  TENON_TRY(read_attention(hub, facts));
  TENON_TRY(read_position(hub, facts));
  TENON_TRY(read_layers(hub, facts));
  TENON_TRY(read_experts(hub, facts));
  return facts;
}

// The shortest pattern that, repeated, gives all layers.
size_t period_of(const Facts& facts) {
  size_t layers = facts.mixers.size();
  for (size_t period = 1; period < layers; ++period) {
    bool repeats = true;
    for (size_t i = period; i < layers && repeats; ++i)
      repeats = facts.mixers[i] == facts.mixers[i - period] && facts.ffns[i] == facts.ffns[i - period];
    if (repeats) return period;
  }
  return layers;
}

void write_layers(TomlWriter& toml, const Facts& facts) {
  toml.section("layers",
               "The pattern of layers, repeated to `count`. Names refer to [mixers] and [experts] below.");
  toml.key("count", facts.layers);
  std::string pattern = "[\n";
  for (size_t i = 0; i < period_of(facts); ++i)
    pattern += "  { mixer = \"" + facts.mixers[i] + "\", experts = \"" + facts.ffns[i] + "\" },\n";
  toml.raw_key("pattern", pattern + "]");
}

void write_mixers(TomlWriter& toml, const Facts& facts) {
  if (has_role(facts.mixers, "linear")) {
    toml.section("mixers.linear");
    toml.key("plugin", "gated_deltanet");
    toml.key("key_heads", facts.key_heads, "heads of q and k");
    toml.key("value_heads", facts.value_heads, "heads of v, z and the state");
    toml.key("key_dim", facts.key_dim);
    toml.key("value_dim", facts.value_dim);
    toml.key("conv_window", facts.conv_window, "tokens that the short convolution sees");
    toml.key("norm_eps", facts.norm_eps);
    toml.section("mixers.linear.weights",
                 "The plugin's names, and what the checkpoint calls them after weights.layer_prefix.");
    for (const char* name : {"in_proj_qkvz", "in_proj_ba", "conv1d", "norm", "out_proj"})
      toml.key(name, "linear_attn." + std::string(name) + ".weight");
    for (const char* name : {"A_log", "dt_bias"}) toml.key(name, "linear_attn." + std::string(name));
  }
  toml.section("mixers.full");
  toml.key("plugin", "gated_attention");
  toml.key("heads", facts.heads, "query heads");
  toml.key("kv_heads", facts.kv_heads, "key and value heads");
  toml.key("head_dim", facts.head_dim);
  toml.key("bias", facts.bias);
  toml.key("kv_type", "f32", "bf16 halves the memory of keys and values, and rounds them");
  toml.section("mixers.full.weights");
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"})
    toml.key(name, "self_attn." + std::string(name) + ".weight");
  for (const char* name : {"q", "k", "v", "o"})
    if (facts.bias) toml.key(std::string(name) + "_bias", "self_attn." + std::string(name) + "_proj.bias");
}

void write_experts(TomlWriter& toml, const Facts& facts) {
  if (has_role(facts.ffns, "sparse")) {
    toml.section("experts.sparse");
    toml.key("plugin", "sparse_moe");
    toml.key("experts", facts.experts);
    toml.key("top_k", facts.top_k, "experts per token");
    toml.key("expert_dim", facts.expert_dim);
    toml.key("shared_dim", facts.shared_dim, "inner width of the expert that every token uses");
    toml.key("normalise", facts.normalise, "divide the chosen probabilities by their sum");
    toml.section("experts.sparse.weights");
    toml.key("router", "mlp.gate.weight");
    for (const char* name : {"gate_proj", "up_proj", "down_proj"})
      toml.key(name, "mlp.experts.{expert}." + std::string(name) + ".weight");
    for (const char* name : {"gate_proj", "up_proj", "down_proj"})
      if (facts.shared_dim)
        toml.key("shared_" + std::string(name), "mlp.shared_expert." + std::string(name) + ".weight");
    if (facts.shared_dim) toml.key("shared_expert_gate", "mlp.shared_expert_gate.weight");
  }
  if (has_role(facts.ffns, "dense")) {
    toml.section("experts.dense");
    toml.key("plugin", "dense_mlp");
    toml.key("inner_dim", facts.dense_dim);
    toml.section("experts.dense.weights");
    for (const char* name : {"gate_proj", "up_proj", "down_proj"})
      toml.key(name, "mlp." + std::string(name) + ".weight");
  }
}

// Plain rotary encoding, or YaRN where the file asks for it. Returns the context that goes with it.
Result<int64_t> write_position(TomlWriter& toml, const HubConfig& hub, const Facts& facts) {
  const Json& scaling = *facts.scaling;
  const char* type_key = scaling.contains("rope_type") ? "rope_type" : "type";
  TENON_TRY(std::string type, hub.get_text(scaling, type_key, "default"));
  toml.section("position", "How positions turn the queries and keys of attention.");
  toml.key("plugin", type == "yarn" ? "yarn" : "rope");
  toml.key("rotary_dim", facts.rotary_dim, "dimensions of each head that turn");
  toml.key("theta", facts.theta);
  if (type == "default") return facts.context;
  if (type != "yarn") return hub.refuse(scaling, type_key, type, "\"default\" or \"yarn\"");
  TENON_TRY(double factor, hub.get_number(scaling, "factor", 1, 1e6));
  TENON_TRY(int64_t original,
            hub.get_int(scaling, "original_max_position_embeddings", 1, kContextMax, facts.context));
  toml.key("factor", factor, "how much longer the context becomes");
  toml.key("original_context", original);
  for (const char* key : {"beta_fast", "beta_slow", "attention_factor", "mscale", "mscale_all_dim"}) {
    if (!scaling.contains(key) || scaling[key].is_null()) continue;
    TENON_TRY(double value, hub.get_number(scaling, key, 0, 1e9));
    toml.key(key, value);
  }
  TENON_TRY(bool truncate, hub.get_bool(scaling, "truncate", true));
  if (!truncate) toml.key("truncate", false);
  int64_t stretched = static_cast<int64_t>(factor * static_cast<double>(original));
  return std::min(kContextMax, std::max(facts.context, stretched));
}

// The head for multi-token prediction is not in config.json; its tensors tell.
void write_speculative(TomlWriter& toml, const HubConfig& hub, const Facts& facts) {
  if (!hub.tensors().contains("mtp.fc.weight")) return;
  toml.section("speculative", "A head that guesses the token after the next.");
  toml.key("plugin", "mtp");
  toml.key("draft_tokens", int64_t{0}, "tokens to guess ahead; 1 or 2 pay where memory is the limit");
  toml.key("mixer", "full", "roles of its own layer");
  toml.key("experts", has_role(facts.ffns, "sparse") ? "sparse" : "dense");
  toml.key("layer_prefix", "mtp.layers.{layer}.");
  toml.section("speculative.weights");
  toml.key("fc", "mtp.fc.weight");
  toml.key("embedding_norm", "mtp.pre_fc_norm_embedding.weight");
  toml.key("hidden_norm", "mtp.pre_fc_norm_hidden.weight");
  toml.key("norm", "mtp.norm.weight");
}

// "model.layers.17.mlp.gate" -> "model.layers.*.mlp.gate.weight"
std::string pattern_of(const std::string& module) {
  std::string pattern;
  for (size_t at = 0; at < module.size();) {
    size_t dot = std::min(module.find('.', at), module.size());
    std::string part = module.substr(at, dot - at);
    bool is_number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    pattern += is_number ? "*." : part + ".";
    at = dot + 1;
  }
  return pattern + "weight";
}

// Files list norms and gates too, which nobody takes for matrices.
bool may_be_matrix(const std::string& module) {
  for (const char* other : {"norm", "A_log", "dt_bias", "conv1d"})
    if (module.find(other) != std::string::npos) return false;
  return true;
}

Status write_quantisation(TomlWriter& toml, const HubConfig& hub) {
  TENON_TRY(const Json* quantisation, hub.find_object(hub.config(), "quantization_config"));
  if (!quantisation) return ok();
  TENON_TRY(std::string method, hub.get_text(*quantisation, "quant_method"));
  if (method != "fp8") return hub.refuse(*quantisation, "quant_method", method, "\"fp8\"");
  Json tile = quantisation->value("weight_block_size", Json());
  if (tile != Json::array({128, 128}))
    return hub.refuse(*quantisation, "weight_block_size", tile, "[128, 128]");
  TENON_TRY(std::vector<std::string> kept, hub.get_texts(*quantisation, "modules_to_not_convert"));
  std::set<std::string> patterns = {"model.embed_tokens.weight"};  // a table, which no converter touches
  for (const std::string& module : kept)
    if (may_be_matrix(module)) patterns.insert(pattern_of(module));
  toml.key("matrices", "f8_e4m3", "what matrices are, with one scale per 128 x 128 elements ...");
  std::string list = "[  # ... but for these\n";
  for (const std::string& pattern : patterns) list += "  " + TomlWriter::quoted(pattern) + ",\n";
  toml.raw_key("except", list + "]");
  return ok();
}

Status write_weights(TomlWriter& toml, const HubConfig& hub, const Facts& facts) {
  toml.section("weights");
  if (hub.has_weights()) toml.key("path", hub.directory().string());
  toml.key("dtype", facts.dtype, "for reports without the files; a file says itself what its tensors are");
  TENON_TRY(write_quantisation(toml, hub));
  toml.key("layer_prefix", "model.layers.{layer}.");
  toml.section("weights.model");
  toml.key("embedding", "model.embed_tokens.weight");
  toml.key("final_norm", "model.norm.weight");
  toml.key("head", facts.is_tied ? "model.embed_tokens.weight" : "lm_head.weight");
  toml.section("weights.layer", "After layer_prefix, in every layer.");
  toml.key("mixer_norm", "input_layernorm.weight");
  toml.key("experts_norm", "post_attention_layernorm.weight");
  return ok();
}

Status write_generation(TomlWriter& toml, const HubConfig& hub, const Facts& facts) {
  const Json& generation = hub.generation();
  toml.section("generation", "Defaults of a request.");
  TENON_TRY(bool do_sample, hub.get_bool(generation, "do_sample", generation.contains("temperature")));
  TENON_TRY(double temperature, hub.get_number(generation, "temperature", 0, 100, 1.0));
  toml.key("temperature", do_sample || generation.empty() ? temperature : 0.0,
           "0: always the most probable token");
  TENON_TRY(int64_t top_k, hub.get_int(generation, "top_k", 0, 1 << 24, 0));
  TENON_TRY(double top_p, hub.get_number(generation, "top_p", 0, 1, 1.0));
  TENON_TRY(double min_p, hub.get_number(generation, "min_p", 0, 1, 0.0));
  TENON_TRY(double repetition_penalty, hub.get_number(generation, "repetition_penalty", 0.01, 100, 1.0));
  toml.key("top_k", top_k, "0: all");
  toml.key("top_p", top_p);
  if (min_p > 0) toml.key("min_p", min_p);
  if (repetition_penalty != 1.0) toml.key("repetition_penalty", repetition_penalty);
  const Json& eos_from = generation.value("eos_token_id", Json()).is_null() ? hub.config() : generation;
  TENON_TRY(std::vector<int64_t> eos, hub.get_ints(eos_from, "eos_token_id", 0, facts.vocabulary - 1));
  toml.raw_key("eos", TomlWriter::list(eos), "token ids that end an answer");
  return ok();
}

// A special token is a string, or an object with its text.
std::string special_token(const Json& tokenizer, const char* key) {
  Json value = tokenizer.value(key, Json());
  if (value.is_object()) value = value.value("content", Json());
  return value.is_string() ? value.get<std::string>() : "";
}

void write_text(TomlWriter& toml, const HubConfig& hub) {
  if (!hub.has_file("tokenizer.json")) return;
  toml.section("text");
  toml.key("tokenizer", (hub.directory() / "tokenizer.json").string());
  if (hub.has_file("chat_template.jinja"))
    toml.key("chat_template", (hub.directory() / "chat_template.jinja").string());
  else if (hub.tokenizer().contains("chat_template"))
    toml.key("chat_template", hub.directory().string(), "it is inside tokenizer_config.json");
  for (const char* key : {"bos_token", "eos_token"})
    if (std::string token = special_token(hub.tokenizer(), key); !token.empty())
      toml.key(key, token, "as the chat template sees it");
}

}  // namespace

Result<std::string> describe_qwen3_next(const HubConfig& hub) {
  TENON_TRY(Facts facts, read_facts(hub));
  TomlWriter position;
  TENON_TRY(int64_t context, write_position(position, hub, facts));
  TomlWriter toml;
  toml.comment("A Qwen3-Next model, as described by " + hub.file() + ".");
  toml.comment("Everything here may be edited; docs/description.md explains every key.");
  toml.key("tenon", int64_t{1}, "version of this format");
  toml.section("model");
  toml.key("name", hub.directory().filename().string());
  toml.key("model_dim", facts.model_dim);
  toml.key("vocabulary", facts.vocabulary);
  toml.key("context_max", context, "tokens of one sequence");
  toml.key("norm_eps", facts.norm_eps);
  toml.key("norm_offset", 1.0, "gains of norms are stored as their distance from 1");
  write_layers(toml, facts);
  write_mixers(toml, facts);
  write_experts(toml, facts);
  TomlWriter rest;
  rest.section("cache",
               "Memory for sequences: one pool for pages of attention and states of the linear layers.");
  rest.key("plugin", "hybrid_paged");
  write_speculative(rest, hub, facts);
  TENON_TRY(write_weights(rest, hub, facts));
  TENON_TRY(write_generation(rest, hub, facts));
  write_text(rest, hub);
  rest.section("engine", "Limits of the engine; every one can be given on the command line too.");
  rest.key("sequences_max", int64_t{8}, "sequences in one step");
  rest.key("tokens_per_step", int64_t{512}, "shared by decode and prefill");
  return toml.text() + position.text() + rest.text();
}

}  // namespace tenon
