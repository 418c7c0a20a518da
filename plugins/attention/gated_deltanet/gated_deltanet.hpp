// Gated DeltaNet on the CPU: shapes, weights and the launch function. Formulas: README.md.
// Letters: T tokens, S sequences, D model dim, J key heads, H value heads, K key dim, V value dim, W conv
// window.
#pragma once
#include <tenon/sdk/token_mixer.hpp>
#include <tenon/sdk/workspace.hpp>

#include <cstdint>
#include <vector>

namespace tenon::gated_deltanet {

// A prefill works in chunks of this many tokens, counted from position 0.
inline constexpr uint32_t kChunkTokens = 64;

// How checkpoints hold the projections to q, k, v and z.
enum class Projections {
  kGrouped,  // one matrix, its rows by key head: q[K], k[K], v[V * H/J], z[V * H/J]
  kSplit,    // one matrix of all q, all k, all v, and another of all z
};

struct Shape {
  int32_t key_heads, value_heads, key_dim, value_dim, conv_window;
  Projections projections;
  float norm_eps;
  int64_t model_dim;

  int64_t heads_per_key() const { return value_heads / key_heads; }
  int64_t keys() const { return int64_t{key_heads} * key_dim; }        // J * K
  int64_t values() const { return int64_t{value_heads} * value_dim; }  // H * V
  int64_t channels() const { return 2 * keys() + values(); }           // of the convolution: q, k, v
  int64_t qkvz_dim() const { return 2 * keys() + 2 * values(); }
  int64_t history() const { return conv_window - 1; }  // inputs that the convolution remembers

  // A slot: the delta-rule state [H, K, V], then the convolution's last inputs [W - 1, channels], oldest first.
  int64_t state_elements() const { return value_heads * int64_t{key_dim} * value_dim; }
  int64_t slot_elements() const { return state_elements() + history() * channels(); }
};

struct Bound {
  const tenon_weight* in_proj_qkvz;             // [qkvz_dim, D], or NULL where projections are split
  const tenon_weight *in_proj_qkv, *in_proj_z;  // [channels, D], [H V, D], or NULL where they are grouped
  const tenon_weight *in_proj_ba, *out_proj;
  std::vector<float> taps;   // [W, channels]: tap w weighs the input of W - 1 - w tokens ago
  std::vector<float> decay;  // [H] -exp(A_log)
  const float* dt_bias;      // [H]
  const float* norm;         // [V]
};

// Scratch of one step, carved from the workspace.
struct Scratch {
  Matrix qkvz;        // [T, qkvz_dim] grouped projections
  Matrix qkv, z;      // [T, channels], [T, H V] split ones, in the memory of qkvz
  Matrix ba;          // [T, 2 H] per key head b[H/J], a[H/J]
  Matrix inputs;      // [(W - 1) S + T, channels] of the convolution: each sequence's history, then its tokens
  Matrix mixed;       // [T, channels] after convolution, SiLU and normalisation of q and k
  Matrix beta;        // [T, H] write strength
  Matrix log_decay;   // [T, H] g
  Matrix out;         // [T, H V]
  Matrix per_worker;  // [threads, a head's state [K, V] and the chunk kernel's scratch]
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

// y = mix(x), and every sequence's slot moves on. x, y: [T, D]
Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, const tenon_state& state,
               Matrix x, Matrix y);

}  // namespace tenon::gated_deltanet
