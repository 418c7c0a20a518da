// An expert layer turns each token's hidden state into another, without memory: a feed-forward network, dense
// or sparse.
#pragma once
#include "tenon_config.h"
#include "tenon_step.h"
#include "tenon_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_EXPERT_LAYER "tenon.expert_layer/1"
typedef struct tenon_expert_layer {
  uint32_t size, reserved;
  // Reads the configuration. On failure *self stays untouched. [control]
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) TENON_NOEXCEPT;
  // Accepts any state, also after a failed call, and NULL. [control]
  void (*destroy)(void* self) TENON_NOEXCEPT;
  // States the needs; only workspace_bytes counts. [control & created]
  tenon_status (*plan)(void* self, const tenon_model_shape* model, const tenon_limits* limits,
                       tenon_needs* needs) TENON_NOEXCEPT;
  // Finds weights. [control & planned]
  tenon_status (*bind)(void* self, const tenon_weights* weights) TENON_NOEXCEPT;
  // y = ffn(x). A token's result must not depend on the other tokens of the step. x, y: float32 [T, D], dense,
  // never aliased. [step & bound]
  tenon_status (*forward)(void* self, const tenon_step* step, const tenon_tensor* x,
                          const tenon_tensor* y) TENON_NOEXCEPT;
} tenon_expert_layer;

#ifdef __cplusplus
}
#endif
