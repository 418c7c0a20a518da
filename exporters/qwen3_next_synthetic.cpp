#include <exporters/qwen3_next_synthetic.hpp>

#include <exporters/qwen3_next_tensors.hpp>

#include <algorithm>
#include <cmath>

namespace tenon {
namespace {

constexpr int64_t kInterval = 4;  // of layers with full attention

// Every tensor: what it is, and what the layout calls it.
template <class Body>
void for_each_tensor(const Qwen3NextFacts& facts, Body&& body) {
  for (const TensorTable& table : tensor_tables(facts, facts.names)) {
    auto shapes = hub_shapes(facts, table.section);
    for (const auto& [name, tensor] : *table.names) {
      int64_t experts = tensor.find("{expert}") == std::string::npos ? 1 : facts.experts;
      for (int64_t expert = 0; expert < experts; ++expert)
        body(table.section, name, with_expert(table.prefix + tensor, expert), shapes.at(name));
    }
  }
}

RandomSpread spread_of(std::string_view section, const std::string& name, const std::vector<int64_t>& shape) {
  if (name == "A_log") return {1.4, 1.3};     // decays of e^-0.1 to e^-15, times dt
  if (name == "dt_bias") return {-4.5, 2.3};  // steps of 0.001 to 0.1
  if (name.ends_with("norm")) return {section == "linear" ? 1.0 : 0.0, 0.1};
  if (name == "embedding") return {0, 1};
  // An even spread over [-s, s] has the variance s^2 / 3, so sums over a row have about that of their inputs.
  return {0, std::sqrt(3.0 / static_cast<double>(shape.back()))};
}

// Experts and tokens must differ from each other; features need not.
int64_t period_of(const std::string& name, const std::vector<int64_t>& shape) {
  if (rows_of(shape) < 512 || name == "router") return 0;
  return name == "embedding" ? 256 : 64;
}

}  // namespace

Qwen3NextFacts synthetic_qwen3_next(const SyntheticSize& size) {
  Qwen3NextFacts facts;
  facts.name = "synthetic";
  facts.model_dim = 2048, facts.vocabulary = size.vocabulary, facts.layers = size.layers,
  facts.context = 262'144;
  facts.heads = 16, facts.kv_heads = 2, facts.head_dim = 256;
  facts.key_heads = 16, facts.value_heads = 32, facts.key_dim = 128, facts.value_dim = 128;
  facts.experts = size.experts, facts.top_k = std::min<int64_t>(10, size.experts);
  facts.expert_dim = 512, facts.shared_dim = 512;
  facts.position.rotary_dim = 64, facts.position.theta = 1e7;
  facts.has_speculative = size.has_speculative;
  for (int64_t i = 0; i < size.layers; ++i) {
    facts.mixers.push_back((i + 1) % kInterval == 0 ? "full" : "linear");
    facts.ffns.push_back("sparse");
  }
  facts.names = qwen3_next_hub_names(facts);
  return facts;
}

RandomSource synthetic_tensors(const Qwen3NextFacts& facts, uint64_t seed) {
  RandomSource source(seed);
  for_each_tensor(facts, [&](const char* section, const std::string& name, const std::string& tensor,
                             const std::vector<int64_t>& shape) {
    source.add(tensor, shape, spread_of(section, name, shape), period_of(name, shape));
  });
  return source;
}

Json hub_config_of(const Qwen3NextFacts& facts) {
  double share = static_cast<double>(facts.position.rotary_dim) / static_cast<double>(facts.head_dim);
  return {{"architectures", {"Qwen3NextForCausalLM"}},
          {"model_type", "qwen3_next"},
          {"vocab_size", facts.vocabulary},
          {"hidden_size", facts.model_dim},
          {"num_hidden_layers", facts.layers},
          {"full_attention_interval", kInterval},
          {"max_position_embeddings", facts.context},
          {"rms_norm_eps", facts.norm_eps},
          {"hidden_act", "silu"},
          {"num_attention_heads", facts.heads},
          {"num_key_value_heads", facts.kv_heads},
          {"head_dim", facts.head_dim},
          {"rope_theta", facts.position.theta},
          {"partial_rotary_factor", share},
          {"linear_num_key_heads", facts.key_heads},
          {"linear_num_value_heads", facts.value_heads},
          {"linear_key_head_dim", facts.key_dim},
          {"linear_value_head_dim", facts.value_dim},
          {"linear_conv_kernel_dim", facts.conv_window},
          {"num_experts", facts.experts},
          {"num_experts_per_tok", facts.top_k},
          {"norm_topk_prob", facts.normalise},
          {"moe_intermediate_size", facts.expert_dim},
          {"shared_expert_intermediate_size", facts.shared_dim},
          {"decoder_sparse_step", 1},
          {"mlp_only_layers", Json::array()},
          {"tie_word_embeddings", false}};
}

}  // namespace tenon
