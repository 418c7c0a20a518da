// A checkpoint directory without weights, and changes to its config.json.
#pragma once
#include <tests/testing/temp_dir.hpp>

#include <tenon/base/json.hpp>

namespace tenon::testing {

// What config.json of a small model says: four layers, the fourth with full attention.
inline Json small_config() {
  return Json::parse(R"({
    "model_type": "qwen3_next", "vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 4,
    "max_position_embeddings": 4096, "rms_norm_eps": 1e-6, "hidden_act": "silu", "torch_dtype": "bfloat16",
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "full_attention_interval": 4,
    "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 16,
    "linear_value_head_dim": 8, "linear_conv_kernel_dim": 4,
    "num_experts": 16, "num_experts_per_tok": 3, "moe_intermediate_size": 24,
    "shared_expert_intermediate_size": 40, "intermediate_size": 96, "norm_topk_prob": true,
    "decoder_sparse_step": 1, "mlp_only_layers": [],
    "rope_theta": 1e7, "partial_rotary_factor": 0.25, "rope_scaling": null,
    "tie_word_embeddings": false, "eos_token_id": 2
  })");
}

// Keys given in `changes` (JSON) are set, those that are null in it taken away.
inline Json changed_config(const std::string& changes) {
  Json config = small_config();
  config.merge_patch(Json::parse(changes));
  return config;
}

class HubDirectory : public TempDir {
 public:
  explicit HubDirectory(const Json& config = small_config()) { write("config.json", config.dump()); }
  // The text of a refusal, with D for this directory.
  template <class Result>
  std::string refusal(const Result& result) const {
    return replaced(refusal_of(result), path().string(), "D");
  }
};

}  // namespace tenon::testing
