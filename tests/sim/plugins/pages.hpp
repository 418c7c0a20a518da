// Where a token lies in pages; see tenon_state.
#pragma once
#include "hash_plugin.hpp"

#include <tenon/abi/tenon_step.h>

namespace tenon::sim {

// Sequence s of a step. Fails where the sequence has no page.
inline Result<std::byte*> find_token(const tenon_state& state, uint32_t s, uint32_t position,
                                     uint64_t bytes_per_token) {
  uint32_t index = position / state.page_tokens;
  int32_t page = index < state.pages_max ? state.page_table[size_t{s} * state.pages_max + index] : -1;
  if (page < 0) return broken("position " + std::to_string(position) + " has no page");
  return static_cast<std::byte*>(state.pages) + static_cast<uint64_t>(page) * state.page_stride +
         position % state.page_tokens * bytes_per_token;
}

}  // namespace tenon::sim
