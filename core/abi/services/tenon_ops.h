// Host service: the dense operations that every model needs, on any weight type the core can read. All tensors
// are float32, [rows, columns], dense, on the step's device. A row's result depends on that row alone, bit for
// bit, whatever the number of rows and threads (determinism rule D1).
#pragma once
#include "../tenon_step.h"
#include "../tenon_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

// A mixture of gated MLPs: what expert_mlp computes. T tokens, E members, R rows: (token, member) pairs, sorted
// by member. D outer, F inner width.
typedef struct tenon_expert_mlp {
  uint32_t size, reserved;
  const tenon_weight *gate, *up;  // E x [F, D]
  const tenon_weight* down;       // E x [D, F]
  const int32_t* row_start;       // [E + 1] rows [row_start[e], row_start[e + 1]) are member e's
  const int32_t* token_of_row;    // [R] from 0 to T - 1
  const float* factor_of_row;     // [R]
  tenon_tensor x;                 // [T, D]
  tenon_tensor y;                 // [T, D], overwritten; not aliased
  void* scratch;                  // 4 (T D + R F + R) + 192 bytes, aligned to 64
} tenon_expert_mlp;

#define TENON_OPS "tenon.ops/1"
typedef struct tenon_ops {
  uint32_t size, reserved;
  // y = x W^T (+ bias). weight: [N, M]; x: [R, M]; y: [R, N], not aliased; bias: [N] or NULL. [step]
  tenon_status (*linear)(const tenon_host* host, const tenon_step* step, const tenon_weight* weight,
                         const float* bias, const tenon_tensor* x, const tenon_tensor* y) TENON_NOEXCEPT;
  // For each member e of the weight's group: rows [row_start[e], row_start[e + 1]) of y = those of x W_e^T.
  // weight: E x [N, M]; row_start: [E + 1]; x: [R, M]; y: [R, N], not aliased. [step]
  tenon_status (*grouped_linear)(const tenon_host* host, const tenon_step* step, const tenon_weight* weight,
                                 const int32_t* row_start, const tenon_tensor* x,
                                 const tenon_tensor* y) TENON_NOEXCEPT;
  // y = x / sqrt(mean(x^2) + eps) * (offset + gain), per row; gain: [M]; y may be x. Zero-centred gains have
  // offset 1, plain ones 0. (Zhang and Sennrich, arXiv 1910.07467.) [step]
  tenon_status (*rms_norm)(const tenon_host* host, const tenon_step* step, const float* gain, float offset,
                           float eps, const tenon_tensor* x, const tenon_tensor* y) TENON_NOEXCEPT;
  // y = silu(gate) * up, elementwise; y may be gate. silu(a) = a / (1 + exp(-a)). [step]
  tenon_status (*silu_multiply)(const tenon_host* host, const tenon_step* step, const tenon_tensor* gate,
                                const tenon_tensor* up, const tenon_tensor* y) TENON_NOEXCEPT;
  // y[t] = the sum over rows r of token t, by ascending member e, of factor[r] down_e (silu(gate_e x[t]) * up_e
  // x[t]). Since 1.2. [step]
  tenon_status (*expert_mlp)(const tenon_host* host, const tenon_step* step,
                             const tenon_expert_mlp* job) TENON_NOEXCEPT;
} tenon_ops;

#ifdef __cplusplus
}
#endif
