// A speculator guesses the tokens that will come next. The engine lets the model verify them, so a guess can
// only cost time, never change a token. It may own layers with state of their own, planned with the model's.
#pragma once
#include "tenon_config.h"
#include "tenon_step.h"
#include "tenon_weights.h"

#ifdef __cplusplus
extern "C" {
#endif

// What there is to learn and to guess. A pair is the model's hidden state at position p - 1 and the token at p;
// the step that goes with a draft has one entry per pair, at position p, and context_first is 1.
typedef struct tenon_draft {
  uint32_t size;
  uint32_t draft_tokens;           // k to propose per sequence; 0: only learn the pairs
  const int32_t* tokens;           // [T] the token of each pair
  const tenon_tensor* hidden;      // float32 [T, D], after the model's final norm
  const int32_t* const* history;   // [S] each sequence's tokens so far, the pairs' included
  const uint32_t* history_length;  // [S]
  int32_t* proposed;               // [S, k] the guesses; -1 from where a sequence has none
} tenon_draft;

#define TENON_SPECULATOR "tenon.speculator/1"
typedef struct tenon_speculator {
  uint32_t size, reserved;
  // Reads the configuration. On failure *self stays untouched. [control]
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) TENON_NOEXCEPT;
  // Accepts any state, also after a failed call, and NULL. [control]
  void (*destroy)(void* self) TENON_NOEXCEPT;
  // States the needs of each layer with state that it owns: writes at most `capacity` of them and sets *layers.
  // workspace_bytes of the first counts for propose as a whole. [control & created]
  tenon_status (*plan)(void* self, const tenon_model_shape* model, const tenon_limits* limits,
                       tenon_needs* needs, uint32_t capacity, uint32_t* layers) TENON_NOEXCEPT;
  // Finds weights. [control & planned]
  tenon_status (*bind)(void* self, const tenon_weights* weights) TENON_NOEXCEPT;
  // Learns the pairs of the step, then guesses draft->draft_tokens tokens after each sequence's last pair. What
  // it stores for its own guesses is overwritten by later pairs. states: [layers of plan]. [step & bound]
  tenon_status (*propose)(void* self, const tenon_step* step, const tenon_state* states,
                          const tenon_draft* draft) TENON_NOEXCEPT;
} tenon_speculator;

#ifdef __cplusplus
}
#endif
