// What travels with a step, the same for every interface: the model's shape, limits, needs, the step, the
// state.
#pragma once
#include "tenon_plugin.h"
#include "tenon_tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_model_shape {
  uint32_t size;
  uint32_t model_dim;     // D
  uint32_t vocabulary;    // V
  uint32_t layers;        // of the model itself, speculators not counted
  uint32_t rotary_pairs;  // pairs of dimensions that a position turns; 0 without position encoding
  float norm_eps;
  float norm_offset;  // added to the stored gains of RMS norms over D and over heads: 1 where they are stored
                      // as their distance from 1, 0 where they are stored as they are
} tenon_model_shape;

// The largest step the object will ever see.
typedef struct tenon_limits {
  uint32_t size;
  uint32_t tokens_per_step_max;  // T
  uint32_t sequences_max;        // S in one step
  uint32_t context_max;          // tokens of one sequence
  uint32_t draft_tokens_max;     // drafts verified per sequence and step; 0 without speculation
  uint32_t threads;              // that parallel_for may use at once
} tenon_limits;

// What an object asks of the cache and of the step arena.
typedef struct tenon_needs {
  uint32_t size;
  uint32_t chunk_tokens;        // a prefill may be cut at multiples of this, counted from position 0, without
                                // changing a bit of the result; 1 if anywhere
  uint64_t bytes_per_token;     // grows with the sequence and is paged: keys and values
  uint64_t bytes_per_sequence;  // fixed and kept in a slot: recurrent state, convolution window
  uint64_t workspace_bytes;     // scratch of one call of forward; the arena is shared by all layers
  uint32_t saves_every_token;   // 1: honours slot_save for each token of a decode; needed for speculation
  uint32_t reserved;
} tenon_needs;

// How a sequence's tokens are to be computed, in tenon_step.phase. The two are equal in algebra, not in bits,
// so the engine decides: prompts are prefilled, generated and draft tokens are decoded, whatever their number.
#define TENON_PREFILL 0
#define TENON_DECODE 1

// One engine step: a ragged batch. Sequence s has the tokens [token_start[s], token_start[s+1]), at least one.
// The arrays never move between steps. Token t stands at positions[t] of its sequence, which is also its place
// in paged memory; within a sequence positions rise by one.
typedef struct tenon_step {
  uint32_t size;
  uint32_t tokens;     // T
  uint32_t sequences;  // S
  uint32_t rotary_pairs;
  const int32_t* positions;       // [T]
  const int32_t* token_start;     // [S + 1]
  const int32_t* phase;           // [S] TENON_PREFILL or TENON_DECODE
  const int32_t* context_first;   // [S] first position that exists in paged memory; 0, but 1 for a speculator
                                  // that stores what it learns of a pair of tokens under the later one
  const int32_t* context_length;  // [S] positions[token_start[s]]: where this step's tokens begin. A sequence
                                  // for which it equals context_first starts anew and reads no state
  const float* rotary_cos;        // [T, rotary_pairs], scaled
  const float* rotary_sin;        // [T, rotary_pairs], scaled
  void* workspace;                // as planned, 64-byte aligned, undefined on entry
  void* stream;                   // cudaStream_t, or NULL on the CPU
} tenon_step;

// One layer's memory, laid out by the cache manager. Token at position p of sequence s keeps its
// bytes_per_token at
//     pages + page_table[s * pages_max + p / page_tokens] * page_stride + (p % page_tokens) * bytes_per_token
// and slot i begins at slots + i * slot_stride.
typedef struct tenon_state {
  uint32_t size;
  uint32_t page_tokens;
  uint32_t pages_max;
  uint32_t reserved;
  void* pages;
  uint64_t page_stride;       // bytes
  const int32_t* page_table;  // [S, pages_max]
  void* slots;
  uint64_t slot_stride;       // bytes
  const int32_t* slot_start;  // [S] the state to start from; -1 for a sequence that starts anew
  const int32_t* slot_save;   // [T] where the state after that token goes, or -1. May be the slot started from,
                             // for the last token. In a prefill it is -1 except after the last token and where
                             // position + 1 is a multiple of chunk_tokens
} tenon_state;

#ifdef __cplusplus
}
#endif
