// A cache manager decides where each sequence's memory lies: pages for what grows by the token, slots for what
// is fixed. It sees needs, never a mixer; it hands out places, and never touches the memory itself, so that one
// manager serves every device.
//
// One sequence, step by step:
//     admit     it exists; so many of its tokens are already computed
//     reserve   room for the tokens of its next step
//     fill      the tables of the whole step, after every sequence of it has reserved
//     commit    so many of those tokens are kept; what the others would have left is forgotten
//     release   it is gone
//
// A manager may keep what a prompt left behind and let a later sequence of the same salt begin with it. What it
// keeps is what a prefill made, at multiples of every layer's chunk_tokens: then a result does not depend on
// it, to the bit. To keep what a decode made as well is for users to ask for, since it gives that up.
#pragma once
#include "tenon_config.h"
#include "tenon_step.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_cache_plan {
  uint32_t size;
  uint32_t page_tokens;  // 0 if no layer is paged
  uint32_t pages_max;    // pages of one sequence at most; a row of the page table
  uint32_t reserved;
  uint64_t pool_bytes;  // memory wanted, at most what plan was offered
} tenon_cache_plan;

typedef struct tenon_placement {  // one layer's share of the pool, bytes; see tenon_state. Frozen
  uint64_t pages_offset, page_stride;
  uint64_t slots_offset, slot_stride;
} tenon_placement;

typedef struct tenon_admission {
  uint32_t size;
  uint32_t tokens;           // of the prompt
  const int32_t* token_ids;  // [tokens]
  uint64_t salt;             // sequences of different salt never share memory
  uint64_t positions_now;    // for which there must be room at once; at least tokens
  uint64_t max_positions;    // that the sequence can come to, drafts included
} tenon_admission;

typedef struct tenon_reservation {
  uint32_t size;
  uint32_t tokens;         // of the sequence in the next step
  uint32_t first;          // position of the first of them
  uint32_t positions_end;  // pages must reach to here; at least first + tokens, more if drafts will be stored
  int32_t phase;           // TENON_PREFILL: one state is saved, after the last token. TENON_DECODE: after each
  uint32_t all_kept;       // 1: all tokens will be committed, so that a decode too saves only the last state
  const int32_t* token_ids;  // [tokens] drafts among them, or NULL: not told. Since 1.1
} tenon_reservation;

typedef struct tenon_range {  // of the pool, bytes. Frozen
  uint64_t offset, bytes;
} tenon_range;

typedef struct tenon_copy {  // within the pool, bytes. Frozen
  uint64_t from, to, bytes;
} tenon_copy;

// What fill writes. The tables are the caller's; `freed` and `copies` are the manager's, until its next call.
typedef struct tenon_cache_tables {
  uint32_t size;
  uint32_t layer_begin, layer_end;  // of the needs given to plan; the rows below
  uint32_t freed_count, copies_count;
  int32_t* page_table;  // [S, pages_max]; -1 after a sequence's last page, if that is not the last of the row
  int32_t* slot_start;  // [layer_end - layer_begin, S]
  int32_t* slot_save;   // [layer_end - layer_begin, T]
  const tenon_range* freed;  // given back since the last fill; test builds overwrite them, first of all
  const tenon_copy* copies;  // to be made before the step, in this order
} tenon_cache_tables;

// Counts since plan, and what there is now; bytes where nothing else is said.
typedef struct tenon_cache_stats {
  uint32_t size, reserved;
  uint64_t pool, used_by_sequences, kept_for_later;  // kept_for_later: by no sequence, and given up when needed
  uint64_t prompt_tokens, reused_tokens;             // of the sequences admitted
  uint64_t pages_evicted, states_evicted;            // pages, and states of all layers at one position
  uint64_t states_kept;                              // of states that a sequence can begin with. Since 1.1
} tenon_cache_stats;

#define TENON_CACHE_MANAGER "tenon.cache_manager/1"
typedef struct tenon_cache_manager {
  uint32_t size, reserved;
  // Reads the configuration. On failure *self stays untouched. [control]
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) TENON_NOEXCEPT;
  // Accepts any state, also after a failed call, and NULL. [control]
  void (*destroy)(void* self) TENON_NOEXCEPT;
  // Divides a pool of at most pool_bytes_max (UINT64_MAX: as much as sequences_max sequences of context_max
  // tokens can use) among layers with these needs. needs, placements: [layers]. Fails with TENON_OUT_OF_MEMORY,
  // and the numbers, if that is too little for one sequence. [control & created]
  tenon_status (*plan)(void* self, const tenon_limits* limits, const tenon_needs* needs, uint32_t layers,
                       uint64_t pool_bytes_max, tenon_cache_plan* plan,
                       tenon_placement* placements) TENON_NOEXCEPT;
  // Makes `sequence`, an id of the caller's choice, known. *computed: leading tokens whose pages and state are
  // already there; at most tokens - 1. Fails with TENON_OUT_OF_MEMORY if it cannot fit now, and with
  // TENON_INVALID if it never can. [step & planned]
  tenon_status (*admit)(void* self, uint64_t sequence, const tenon_admission* admission,
                        uint32_t* computed) TENON_NOEXCEPT;
  // Takes what the tokens of the next step need. Fails with TENON_OUT_OF_MEMORY and changes nothing. A second
  // reserve before a commit replaces the first. [step & planned]
  tenon_status (*reserve)(void* self, uint64_t sequence, const tenon_reservation* reservation) TENON_NOEXCEPT;
  // Writes the tables of a step over these sequences, [S], all of them reserved. [step & planned]
  tenon_status (*fill)(void* self, const tenon_step* step, const uint64_t* sequences,
                       tenon_cache_tables* tables) TENON_NOEXCEPT;
  // The first `tokens` of those reserved have been computed and are kept. [step & planned]
  tenon_status (*commit)(void* self, uint64_t sequence, uint32_t tokens) TENON_NOEXCEPT;
  // Forgets the sequence, in any state. [step & planned]
  void (*release)(void* self, uint64_t sequence) TENON_NOEXCEPT;
  // The same, and its results cannot be trusted: whatever it left for others is found by nobody any more. It
  // may have gone wrong with what it began with, so a manager does well to give that up too. Sequences that run
  // with either run on. [step & planned]
  void (*discard)(void* self, uint64_t sequence) TENON_NOEXCEPT;
  // Counters. [step & planned]
  void (*stats)(void* self, tenon_cache_stats* stats) TENON_NOEXCEPT;
  // Counts everything anew and fails, with words, if memory is lost or has two owners. [step & planned]
  tenon_status (*check)(void* self) TENON_NOEXCEPT;
} tenon_cache_manager;

#ifdef __cplusplus
}
#endif
