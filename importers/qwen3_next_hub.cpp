// From a checkpoint in the Hugging Face layout to facts.
#include <importers/qwen3_next.hpp>

#include <algorithm>
#include <map>

namespace tenon {
namespace {

constexpr int64_t kDimMax = kQwen3NextDimMax, kContextMax = kQwen3NextContextMax,
                  kLayersMax = kQwen3NextLayersMax, kCountMax = kQwen3NextCountMax;

using Facts = Qwen3NextFacts;

Status read_attention(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  TENON_TRY(facts.heads, hub.get_int(config, "num_attention_heads", 1, kCountMax));
  TENON_TRY(facts.kv_heads, hub.get_int(config, "num_key_value_heads", 1, kCountMax));
  TENON_TRY(facts.head_dim, hub.get_int(config, "head_dim", 1, kDimMax));
  TENON_TRY(facts.has_bias, hub.get_bool(config, "attention_bias", false));
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
  if (facts.has_ffn("sparse")) {
    TENON_TRY(facts.top_k,
              hub.get_int(config, "num_experts_per_tok", 1, std::min<int64_t>(facts.experts, 256)));
    TENON_TRY(facts.expert_dim, hub.get_int(config, "moe_intermediate_size", 1, kDimMax));
    TENON_TRY(facts.shared_dim, hub.get_int(config, "shared_expert_intermediate_size", 0, kDimMax, 0));
    TENON_TRY(facts.normalise, hub.get_bool(config, "norm_topk_prob", true));
  }
  if (facts.has_ffn("dense")) {
    TENON_TRY(facts.dense_dim, hub.get_int(config, "intermediate_size", 1, kDimMax));
  }
  return ok();
}

// Older files have rope_scaling beside rope_theta and partial_rotary_factor, newer ones rope_parameters with
// all three.
Result<const Json*> find_scaling(const HubConfig& hub) {
  static const Json kNone = Json::object();
  const Json* found = &kNone;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    TENON_TRY(const Json* scaling, hub.find_object(hub.config(), key));
    if (scaling) found = scaling;
  }
  return found;
}

// YaRN, and the context that goes with it.
Status read_stretching(const HubConfig& hub, const Json& scaling, Facts& facts) {
  Qwen3NextPosition& position = facts.position;
  position.is_stretched = true;
  TENON_TRY(position.factor, hub.get_number(scaling, "factor", 1, 1e6));
  TENON_TRY(position.original_context,
            hub.get_int(scaling, "original_max_position_embeddings", 1, kContextMax, facts.context));
  for (const char* key : {"beta_fast", "beta_slow", "attention_factor", "mscale", "mscale_all_dim"}) {
    if (!scaling.contains(key) || scaling[key].is_null()) continue;
    TENON_TRY(double value, hub.get_number(scaling, key, 0, 1e9));
    position.settings.emplace_back(key, value);
  }
  TENON_TRY(position.truncate, hub.get_bool(scaling, "truncate", true));
  double stretched = position.factor * static_cast<double>(position.original_context);
  facts.context = std::min(kContextMax, std::max(facts.context, static_cast<int64_t>(stretched)));
  return ok();
}

Status read_position(const HubConfig& hub, Facts& facts) {
  const Json& config = hub.config();
  TENON_TRY(const Json* scaling, find_scaling(hub));
  const Json& theta_from = scaling->contains("rope_theta") ? *scaling : config;
  const Json& share_from = scaling->contains("partial_rotary_factor") ? *scaling : config;
  TENON_TRY(facts.position.theta, hub.get_number(theta_from, "rope_theta", 1, 1e12, 10000.0));
  TENON_TRY(double share, hub.get_number(share_from, "partial_rotary_factor", 0.001, 1, 0.25));
  int64_t rotary_dim = static_cast<int64_t>(static_cast<double>(facts.head_dim) * share);
  if (rotary_dim < 2 || rotary_dim % 2 != 0)
    return hub.refuse(share_from, "partial_rotary_factor", share,
                      "such that an even number of dimensions of a head turn");
  facts.position.rotary_dim = rotary_dim;
  const char* type_key = scaling->contains("rope_type") ? "rope_type" : "type";
  TENON_TRY(std::string type, hub.get_text(*scaling, type_key, "default"));
  if (type == "default") return ok();
  if (type != "yarn") return hub.refuse(*scaling, type_key, type, "\"default\" or \"yarn\"");
  return read_stretching(hub, *scaling, facts);
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

Status read_generation(const HubConfig& hub, Facts& facts) {
  const Json& generation = hub.generation();
  Qwen3NextGeneration& to = facts.generation;
  TENON_TRY(bool do_sample, hub.get_bool(generation, "do_sample", generation.contains("temperature")));
  TENON_TRY(to.temperature, hub.get_number(generation, "temperature", 0, 100, 1.0));
  if (!do_sample && !generation.empty()) to.temperature = 0;
  TENON_TRY(to.top_k, hub.get_int(generation, "top_k", 0, 1 << 24, 0));
  TENON_TRY(to.top_p, hub.get_number(generation, "top_p", 0, 1, 1.0));
  TENON_TRY(to.min_p, hub.get_number(generation, "min_p", 0, 1, 0.0));
  TENON_TRY(to.repetition_penalty, hub.get_number(generation, "repetition_penalty", 0.01, 100, 1.0));
  const Json& eos_from = generation.value("eos_token_id", Json()).is_null() ? hub.config() : generation;
  TENON_TRY(to.eos, hub.get_ints(eos_from, "eos_token_id", 0, facts.vocabulary - 1));
  return ok();
}

// A special token is a string, or an object with its text.
std::string special_token(const Json& tokenizer, const char* key) {
  Json value = tokenizer.value(key, Json());
  if (value.is_object()) value = value.value("content", Json());
  return value.is_string() ? value.get<std::string>() : "";
}

Qwen3NextText read_text(const HubConfig& hub) {
  Qwen3NextText text;
  if (!hub.has_file("tokenizer.json")) return text;
  text.tokenizer = (hub.directory() / "tokenizer.json").string();
  if (hub.has_file("chat_template.jinja")) {
    text.chat_template = (hub.directory() / "chat_template.jinja").string();
  } else if (hub.tokenizer().contains("chat_template")) {
    text.chat_template = hub.directory().string();
    text.template_comment = "it is inside tokenizer_config.json";
  }
  for (const char* key : {"bos_token", "eos_token"})
    if (std::string token = special_token(hub.tokenizer(), key); !token.empty())
      text.special_tokens.emplace_back(key, token);
  return text;
}

// Each by the plugin's name, which is the checkpoint's too, but for what stands around it.
void add_names(WeightNames& names, const std::string& prefix, std::initializer_list<const char*> own,
               const std::string& suffix, const std::string& own_prefix = "") {
  for (const char* name : own) names.emplace_back(own_prefix + name, prefix + name + suffix);
}

}  // namespace

Qwen3NextNames qwen3_next_hub_names(const Facts& facts) {
  Qwen3NextNames names;
  names.layer_prefix = "model.layers.{layer}.";
  names.model = {{"embedding", "model.embed_tokens.weight"},
                 {"final_norm", "model.norm.weight"},
                 {"head", facts.is_tied ? "model.embed_tokens.weight" : "lm_head.weight"}};
  names.layer = {{"mixer_norm", "input_layernorm.weight"}, {"experts_norm", "post_attention_layernorm.weight"}};
  add_names(names.linear, "linear_attn.", {"in_proj_qkvz", "in_proj_ba", "conv1d", "norm", "out_proj"},
            ".weight");
  add_names(names.linear, "linear_attn.", {"A_log", "dt_bias"}, "");
  add_names(names.full, "self_attn.", {"q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm"}, ".weight");
  for (std::string name : {"q", "k", "v", "o"})
    if (facts.has_bias) names.full.emplace_back(name + "_bias", "self_attn." + name + "_proj.bias");
  names.sparse = {{"router", "mlp.gate.weight"}};
  add_names(names.sparse, "mlp.experts.{expert}.", {"gate_proj", "up_proj", "down_proj"}, ".weight");
  if (facts.shared_dim) {
    add_names(names.sparse, "mlp.shared_expert.", {"gate_proj", "up_proj", "down_proj"}, ".weight", "shared_");
    names.sparse.emplace_back("shared_expert_gate", "mlp.shared_expert_gate.weight");
  }
  add_names(names.dense, "mlp.", {"gate_proj", "up_proj", "down_proj"}, ".weight");
  if (!facts.has_speculative) return names;
  names.speculative_prefix = "mtp.layers.{layer}.";
  names.speculative = {{"fc", "mtp.fc.weight"},
                       {"embedding_norm", "mtp.pre_fc_norm_embedding.weight"},
                       {"hidden_norm", "mtp.pre_fc_norm_hidden.weight"},
                       {"norm", "mtp.norm.weight"}};
  return names;
}

Result<Qwen3NextFacts> read_qwen3_next(const HubConfig& hub) {
  const Json& config = hub.config();
  Facts facts;
  facts.source = hub.file(), facts.name = hub.directory().filename().string();
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
  TENON_TRY(facts.quantisation, read_quantisation(hub));
  TENON_TRY(read_generation(hub, facts));
  facts.text = read_text(hub);
  // The head for multi-token prediction is not in config.json; its tensors tell.
  for (const char* name : {"mtp.fc.weight", "mtp.fc.weight_packed", "mtp.fc.qweight"})
    facts.has_speculative |= hub.tensors().contains(name);
  facts.names = qwen3_next_hub_names(facts);
  if (hub.has_weights()) facts.weights_path = hub.directory().string();
  return facts;
}

}  // namespace tenon
