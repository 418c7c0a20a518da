// From a GGUF file to facts. What its converter changed is used as it is: norms that already have 1 added, A in
// place of A_log, q k v in one matrix and z in another, experts stacked.
#include <importers/qwen3_next.hpp>

#include <tenon/text/gguf_text.hpp>

#include <algorithm>

namespace tenon {
namespace {

constexpr int64_t kDimMax = kQwen3NextDimMax, kCountMax = kQwen3NextCountMax;

// One reading: the file, its tensors, and what has been found so far.
struct Reading {
  const Gguf& file;
  const GgufMetadata& metadata;
  const Checkpoint& tensors;
  Qwen3NextFacts& facts;

  Result<int64_t> get_int(const char* key, int64_t least, int64_t most,
                          std::optional<int64_t> fallback = {}) const {
    return metadata.get_int("qwen3next." + std::string(key), least, most, fallback);
  }
  Result<double> get_number(const char* key, double least, double most,
                            std::optional<double> fallback = {}) const {
    return metadata.get_number("qwen3next." + std::string(key), least, most, fallback);
  }
  const StoredTensor* find(int64_t layer, const std::string& name) const {
    return tensors.find("blk." + std::to_string(layer) + "." + name);
  }
  bool has(int64_t layer, const std::string& name) const { return find(layer, name) != nullptr; }
  // The first layer of a role.
  int64_t first(const std::vector<std::string>& roles, const char* role) const {
    return std::find(roles.begin(), roles.end(), role) - roles.begin();
  }
};

Status read_model(const Reading& reading) {
  Qwen3NextFacts& facts = reading.facts;
  const std::filesystem::path& path = reading.file.path();
  std::string stem = path.stem().string();
  facts.source = path.string();
  TENON_TRY(facts.name, reading.metadata.get_text("general.name", stem));
  TENON_TRY(facts.model_dim, reading.get_int("embedding_length", 1, kDimMax));
  TENON_TRY(facts.context, reading.get_int("context_length", 1, kQwen3NextContextMax));
  TENON_TRY(facts.norm_eps, reading.get_number("attention.layer_norm_rms_epsilon", 0, 1));
  facts.norm_offset = 0;
  const StoredTensor* embedding = reading.tensors.find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2 || embedding->shape[0] > 1 << 24)
    return invalid(path.string() +
                   ": has no tensor token_embd.weight of two dimensions, expected [vocabulary, " +
                   std::to_string(facts.model_dim) + "]");
  facts.vocabulary = embedding->shape[0];
  return ok();
}

// Layers tell by their tensors what they are: older files have no key for it. The last of them may be the head
// that guesses ahead.
Status read_layers(const Reading& reading) {
  Qwen3NextFacts& facts = reading.facts;
  TENON_TRY(int64_t count, reading.get_int("block_count", 1, kQwen3NextLayersMax));
  TENON_TRY(int64_t ahead, reading.get_int("nextn_predict_layers", 0, std::min<int64_t>(1, count - 1), 0));
  TENON_TRY(facts.experts, reading.get_int("expert_count", 0, kCountMax, 0));
  facts.layers = count - ahead;
  for (int64_t i = 0; i < facts.layers; ++i) {
    facts.mixers.push_back(reading.has(i, "attn_k.weight") ? "full" : "linear");
    facts.ffns.push_back(facts.experts == 0 || reading.has(i, "ffn_gate.weight") ? "dense" : "sparse");
  }
  return ok();
}

Status read_attention(const Reading& reading) {
  Qwen3NextFacts& facts = reading.facts;
  TENON_TRY(facts.heads, reading.get_int("attention.head_count", 1, kCountMax));
  TENON_TRY(facts.kv_heads, reading.get_int("attention.head_count_kv", 1, kCountMax));
  TENON_TRY(facts.head_dim, reading.get_int("attention.key_length", 1, kDimMax));
  facts.has_bias = reading.has(reading.first(facts.mixers, "full"), "attn_q.bias");
  TENON_TRY(facts.conv_window, reading.get_int("ssm.conv_kernel", 2, 16));
  TENON_TRY(facts.key_dim, reading.get_int("ssm.state_size", 1, kDimMax));
  TENON_TRY(facts.key_heads, reading.get_int("ssm.group_count", 1, kCountMax));
  TENON_TRY(facts.value_heads, reading.get_int("ssm.time_step_rank", 1, kCountMax));
  TENON_TRY(int64_t values, reading.get_int("ssm.inner_size", 1, kDimMax));
  if (values % facts.value_heads != 0)
    return reading.metadata.refuse("qwen3next.ssm.inner_size", "is " + std::to_string(values),
                                   "a multiple of ssm.time_step_rank, " + std::to_string(facts.value_heads));
  facts.value_dim = values / facts.value_heads;
  facts.decay = "A";
  if (!reading.has(reading.first(facts.mixers, "linear"), "ssm_in.weight")) facts.projections = "split";
  return ok();
}

Status read_experts(const Reading& reading) {
  Qwen3NextFacts& facts = reading.facts;
  if (facts.has_ffn("sparse")) {
    TENON_TRY(facts.top_k, reading.get_int("expert_used_count", 1, std::min<int64_t>(facts.experts, 256)));
    TENON_TRY(facts.expert_dim, reading.get_int("expert_feed_forward_length", 1, kDimMax));
    const StoredTensor* shared = reading.find(reading.first(facts.ffns, "sparse"), "ffn_up_shexp.weight");
    facts.shared_dim = shared ? shared->shape[0] : 0;
    TENON_TRY(facts.normalise, reading.metadata.get_bool("qwen3next.expert_weights_norm", true));
  }
  if (facts.has_ffn("dense")) {
    TENON_TRY(facts.dense_dim, reading.get_int("feed_forward_length", 1, kDimMax));
  }
  return ok();
}

Status read_stretching(const Reading& reading) {
  Qwen3NextPosition& position = reading.facts.position;
  int64_t& context = reading.facts.context;
  position.is_stretched = true;
  TENON_TRY(position.factor, reading.get_number("rope.scaling.factor", 1, 1e6));
  TENON_TRY(position.original_context,
            reading.get_int("rope.scaling.original_context_length", 1, kQwen3NextContextMax, context));
  for (const auto& [key, name] :
       {std::pair("rope.scaling.yarn_beta_fast", "beta_fast"), {"rope.scaling.yarn_beta_slow", "beta_slow"}}) {
    if (!reading.metadata.has("qwen3next." + std::string(key))) continue;
    TENON_TRY(double value, reading.get_number(key, 0, 1e9));
    position.settings.emplace_back(name, value);
  }
  double stretched = position.factor * static_cast<double>(position.original_context);
  context = std::min(kQwen3NextContextMax, std::max(context, static_cast<int64_t>(stretched)));
  return ok();
}

Status read_position(const Reading& reading) {
  Qwen3NextPosition& position = reading.facts.position;
  TENON_TRY(position.theta, reading.get_number("rope.freq_base", 1, 1e12, 10000.0));
  TENON_TRY(position.rotary_dim,
            reading.get_int("rope.dimension_count", 2, reading.facts.head_dim, reading.facts.head_dim));
  if (position.rotary_dim % 2 != 0)
    return reading.metadata.refuse("qwen3next.rope.dimension_count",
                                   "is " + std::to_string(position.rotary_dim), "an even number");
  constexpr const char* kType = "qwen3next.rope.scaling.type";
  TENON_TRY(std::string_view type, reading.metadata.get_text(kType, "none"));
  if (type == "none") return ok();
  if (type != "yarn") return reading.metadata.refuse(kType, "is \"" + std::string(type) + "\"", "none or yarn");
  return read_stretching(reading);
}

// An answer ends at the tokens that the file names, and at those that end one in every Qwen model.
Status read_generation(const Reading& reading) {
  Qwen3NextGeneration& generation = reading.facts.generation;
  const GgufMetadata& metadata = reading.metadata;
  TENON_TRY(generation.temperature, metadata.get_number("general.sampling.temp", 0, 100, 1.0));
  TENON_TRY(generation.top_k, metadata.get_int("general.sampling.top_k", 0, 1 << 24, 0));
  TENON_TRY(generation.top_p, metadata.get_number("general.sampling.top_p", 0, 1, 1.0));
  TENON_TRY(generation.min_p, metadata.get_number("general.sampling.min_p", 0, 1, 0.0));
  TENON_TRY(generation.repetition_penalty,
            metadata.get_number("general.sampling.penalty_repeat", 0.01, 100, 1.0));
  std::vector<int64_t>& eos = generation.eos;
  auto add = [&](int64_t id) {
    if (std::find(eos.begin(), eos.end(), id) == eos.end()) eos.push_back(id);
  };
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"}) {
    TENON_TRY(int64_t id, metadata.get_int(key, 0, reading.facts.vocabulary - 1, -1));
    if (id >= 0) add(id);
  }
  if (!metadata.has("tokenizer.ggml.tokens")) return ok();
  TENON_TRY(auto tokens, metadata.get_texts("tokenizer.ggml.tokens"));
  int64_t count = std::min<int64_t>(static_cast<int64_t>(tokens.size()), reading.facts.vocabulary);
  for (int64_t id = 0; id < count; ++id)
    if (tokens[id] == "<|im_end|>" || tokens[id] == "<|endoftext|>") add(id);
  return ok();
}

Status read_text(const Reading& reading) {
  Qwen3NextText& text = reading.facts.text;
  if (!reading.metadata.has("tokenizer.ggml.tokens")) return ok();
  text.tokenizer = reading.file.path().string();
  if (reading.metadata.has("tokenizer.chat_template")) text.chat_template = text.tokenizer;
  for (const char* name : {"bos", "eos"}) {
    TENON_TRY(std::string token, gguf_special_token(reading.file, name));
    if (!token.empty()) text.special_tokens.emplace_back(std::string(name) + "_token", token);
  }
  return ok();
}

void read_head(const Reading& reading) {
  Qwen3NextFacts& facts = reading.facts;
  facts.is_tied = reading.tensors.find("output.weight") == nullptr;
  facts.has_speculative = reading.has(facts.layers, "nextn.eh_proj.weight");
  // Some files carry the model's own embedding and head once more.
  for (const char* copy : {"nextn.embed_tokens.weight", "nextn.shared_head_head.weight"})
    if (reading.has(facts.layers, copy))
      facts.ignore.push_back("blk." + std::to_string(facts.layers) + "." + copy);
}

}  // namespace

Qwen3NextNames qwen3_next_gguf_names(const Qwen3NextFacts& facts) {
  Qwen3NextNames names;
  names.layer_prefix = "blk.{layer}.";
  names.model = {{"embedding", "token_embd.weight"},
                 {"final_norm", "output_norm.weight"},
                 {"head", facts.is_tied ? "token_embd.weight" : "output.weight"}};
  names.layer = {{"mixer_norm", "attn_norm.weight"}, {"experts_norm", "post_attention_norm.weight"}};
  if (facts.projections == "split")
    names.linear = {{"in_proj_qkv", "attn_qkv.weight"}, {"in_proj_z", "attn_gate.weight"}};
  else
    names.linear = {{"in_proj_qkvz", "ssm_in.weight"}};
  for (const auto& [name, tensor] : {std::pair("in_proj_ba", "ssm_ba.weight"),
                                     {"conv1d", "ssm_conv1d.weight"},
                                     {"norm", "ssm_norm.weight"},
                                     {"out_proj", "ssm_out.weight"},
                                     {"A", "ssm_a"},
                                     {"dt_bias", "ssm_dt.bias"}})
    names.linear.emplace_back(name, tensor);
  for (const auto& [name, tensor] :
       {std::pair("q", "attn_q"), {"k", "attn_k"}, {"v", "attn_v"}, {"o", "attn_output"}}) {
    names.full.emplace_back(std::string(name) + "_proj", std::string(tensor) + ".weight");
    if (facts.has_bias) names.full.emplace_back(std::string(name) + "_bias", std::string(tensor) + ".bias");
  }
  for (std::string name : {"q_norm", "k_norm"}) names.full.emplace_back(name, "attn_" + name + ".weight");
  names.sparse = {{"router", "ffn_gate_inp.weight"}};
  for (std::string part : {"gate", "up", "down"}) {
    names.sparse.emplace_back(part + "_proj", "ffn_" + part + "_exps.weight");
    names.dense.emplace_back(part + "_proj", "ffn_" + part + ".weight");
    if (facts.shared_dim)
      names.sparse.emplace_back("shared_" + part + "_proj", "ffn_" + part + "_shexp.weight");
  }
  if (facts.shared_dim) names.sparse.emplace_back("shared_expert_gate", "ffn_gate_inp_shexp.weight");
  if (!facts.has_speculative) return names;
  std::string prefix = "blk." + std::to_string(facts.layers) + ".";
  names.speculative_prefix = prefix;
  names.speculative = {{"fc", prefix + "nextn.eh_proj.weight"},
                       {"embedding_norm", prefix + "nextn.enorm.weight"},
                       {"hidden_norm", prefix + "nextn.hnorm.weight"},
                       {"norm", prefix + "nextn.shared_head_norm.weight"}};
  return names;
}

Result<Qwen3NextFacts> read_qwen3_next(const Gguf& file, const Checkpoint& tensors) {
  Qwen3NextFacts facts;
  Reading reading{file, file.metadata(), tensors, facts};
  TENON_TRY(read_model(reading));
  TENON_TRY(read_layers(reading));
  TENON_TRY(read_attention(reading));
  TENON_TRY(read_experts(reading));
  TENON_TRY(read_position(reading));
  TENON_TRY(read_generation(reading));
  TENON_TRY(read_text(reading));
  read_head(reading);
  facts.names = qwen3_next_gguf_names(facts);
  facts.weights_path = file.path().string();
  return facts;
}

}  // namespace tenon
