// Gated attention on the CPU: shapes, weights and the launch function. Formulas: README.md.
// Letters: T tokens, S sequences, D model dim, H query heads, G key/value heads, K head dim.
#pragma once
#include <tenon/sdk/token_mixer.hpp>
#include <tenon/sdk/workspace.hpp>

namespace tenon::gated_attention {

// How keys and values are stored in pages.
enum class KvType { kF32, kBF16 };

struct Shape {
  int32_t heads, kv_heads, head_dim;
  KvType kv_type;
  bool has_bias;
  int64_t model_dim;
  float norm_eps, norm_offset;

  int64_t queries() const { return int64_t{heads} * head_dim; }  // H * K
  int64_t keys() const { return int64_t{kv_heads} * head_dim; }  // G * K
  int64_t heads_per_kv() const { return heads / kv_heads; }
  int64_t kv_element_bytes() const { return kv_type == KvType::kF32 ? 4 : 2; }
  // A token in a page: keys [G, K], then values [G, K].
  int64_t bytes_per_token() const { return 2 * keys() * kv_element_bytes(); }
};

struct Bound {
  const tenon_weight *q_proj, *k_proj, *v_proj, *o_proj;
  const float *q_bias, *k_bias, *v_bias, *o_bias;  // or NULL
  const float *q_norm, *k_norm;                    // [K]
};

// Scratch of one step, carved from the workspace.
struct Scratch {
  Matrix query_gate;  // [T, H * 2K] per head: query, then gate
  Matrix keys;        // [T, G * K]
  Matrix values;      // [T, G * K]
  Matrix queries;     // [T, H * K] normed, turned, scaled
  Matrix out;         // [T, H * K]
  int32_t* units;     // [S + 1] where each sequence's pieces of attention begin
  Matrix per_worker;  // [threads, attend_scratch()]
};

Scratch carve(Carver& carver, const Shape& shape, const tenon_limits& limits, int64_t tokens);

// What a step works with.
struct Context {
  const Shape& shape;
  const Bound& weights;
  const Ops& ops;
  const Threads& threads;
  const Trace& trace;
  uint32_t isa;
};

// y = mix(x), and the tokens' keys and values are in their pages. x, y: [T, D]
Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, const tenon_state& state,
               Matrix x, Matrix y);

}  // namespace tenon::gated_attention
