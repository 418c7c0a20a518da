// A token mixer turns one layer's hidden states into the next and keeps what it must remember of each sequence.
#pragma once
#include "tenon_config.h"
#include "tenon_step.h"
#include "tenon_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_TOKEN_MIXER "tenon.token_mixer/1"
typedef struct tenon_token_mixer {
  uint32_t size, reserved;
  // Reads the configuration. On failure *self stays untouched. [control]
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) TENON_NOEXCEPT;
  // Accepts any state, also after a failed call, and NULL. [control]
  void (*destroy)(void* self) TENON_NOEXCEPT;
  // States the needs under these limits. Fills at most needs->size bytes. [control & created]
  tenon_status (*plan)(void* self, const tenon_model_shape* model, const tenon_limits* limits,
                       tenon_needs* needs) TENON_NOEXCEPT;
  // Finds weights. [control & planned]
  tenon_status (*bind)(void* self, const tenon_weights* weights) TENON_NOEXCEPT;
  // y = mix(x), and the state of each sequence moves on. x, y: float32 [T, D], dense, never aliased. [step &
  // bound]
  tenon_status (*forward)(void* self, const tenon_step* step, const tenon_state* state, const tenon_tensor* x,
                          const tenon_tensor* y) TENON_NOEXCEPT;
} tenon_token_mixer;

#ifdef __cplusplus
}
#endif
