// Host service: layers for a speculator, made of the same plugins as the model's, and the model's own two ends.
// A role is a name in the description ("full", "sparse"); weights are found under its prefix for speculators.
#pragma once
#include "../tenon_step.h"
#include "../tenon_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

// norm -> mixer -> add -> norm -> experts -> add. Owned by the core, alive as long as the speculator.
typedef struct tenon_layer tenon_layer;

#define TENON_LAYERS "tenon.layers/1"
typedef struct tenon_layers {
  uint32_t size, reserved;
  // Makes layer `index` of this speculator. [control]
  tenon_status (*create)(const tenon_host* host, const char* mixer_role, const char* experts_role,
                         uint32_t index, tenon_layer** layer) TENON_NOEXCEPT;
  // The needs of its mixer, with a workspace that serves the whole layer. [control & created]
  tenon_status (*plan)(const tenon_host* host, tenon_layer* layer, tenon_needs* needs) TENON_NOEXCEPT;
  // Finds its weights. [control & planned]
  tenon_status (*bind)(const tenon_host* host, tenon_layer* layer) TENON_NOEXCEPT;
  // y = layer(x). x, y: float32 [T, D], not aliased. Uses step->workspace from its beginning, as planned. [step
  // & bound]
  tenon_status (*forward)(const tenon_host* host, tenon_layer* layer, const tenon_step* step,
                          const tenon_state* state, const tenon_tensor* x,
                          const tenon_tensor* y) TENON_NOEXCEPT;
  // y = the model's embedding of tokens; tokens: [R]; y: float32 [R, D]. [step & bound]
  tenon_status (*embed)(const tenon_host* host, const tenon_step* step, const int32_t* tokens,
                        const tenon_tensor* y) TENON_NOEXCEPT;
  // logits = the model's head on x; x: float32 [R, D], normed; logits: float32 [R, V]. [step & bound]
  tenon_status (*head)(const tenon_host* host, const tenon_step* step, const tenon_tensor* x,
                       const tenon_tensor* logits) TENON_NOEXCEPT;
  // The step of one more token per sequence, decoded, right after this one's last. *next is alive until the
  // next call or the end of the step. [step & bound]
  tenon_status (*next)(const tenon_host* host, const tenon_step* step, const tenon_step** next) TENON_NOEXCEPT;
} tenon_layers;

#ifdef __cplusplus
}
#endif
