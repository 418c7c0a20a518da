// The loops of Gated DeltaNet, one instruction set at a time. Each handles one token, or one head of one
// sequence, so that callers divide the work among threads as they like.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

// Causal depthwise convolution and SiLU of one token:
//     mixed[c] = silu(sum over w of taps[w, c] * inputs[w, c])
struct ConvArgs {
  const float* inputs;       // [W, channels], the token's own input last
  const float* taps;         // [W, channels]
  float* mixed;              // [channels]
  int64_t window, channels;  // channels: a multiple of 16
};
TENON_ISA_DECLARE(void deltanet_conv(const ConvArgs& args) noexcept);

// x *= factor / sqrt(sum(x^2) + 1e-6); x: [count]
TENON_ISA_DECLARE(void deltanet_normalise(float* x, int64_t count, float factor) noexcept);

// One value head's state and the tokens it sees. q, k: normalised, q scaled by K^-0.5. K and V are multiples
// of 16.
struct HeadArgs {
  int64_t key_dim, value_dim;     // K, V
  const float *q, *k, *v;         // of the first token: [K], [K], [V]
  int64_t token_stride;           // elements from one token's q, k, v to the next
  const float *beta, *log_decay;  // of the first token
  int64_t gate_stride;            // elements from one token's beta to the next
  float* out;                     // of the first token: [V]
  int64_t out_stride;
};

// The recurrence, one token:  to = exp(g) from + k d^T,  d = beta (v - exp(g) from^T k),  out = to^T q.
// from, to: [K, V], may be the same.
TENON_ISA_DECLARE(void deltanet_decode(const HeadArgs& args, const float* from, float* to) noexcept);

// The same for `tokens` (at most 64) at once, by the chunk form; state: [K, V], in place.
// scratch: [64 * 64 * 2 + 64 * V + 64 * K]
TENON_ISA_DECLARE(void deltanet_chunk(const HeadArgs& args, int64_t tokens, float* state,
                                      float* scratch) noexcept);

// y = x / rms(x) * gain * silu(z), one head of one token; x, gain, z, y: [V]
struct GatedNormArgs {
  const float *x, *gain, *z;
  float* y;
  int64_t value_dim;
  float eps;
};
TENON_ISA_DECLARE(void deltanet_gated_norm(const GatedNormArgs& args) noexcept);

}  // namespace tenon
