// How the pool is cut into units. One unit is either a page, which holds `page_tokens` tokens of every paged
// layer, or a slot, which holds the state of one recurrent layer; both are the same number of bytes, so one
// free list serves both and no memory is ever in the wrong kind of piece.
#pragma once
#include <tenon/sdk/cache_manager.hpp>

#include <vector>

namespace tenon::hybrid_paged {

struct Layout {
  uint64_t unit_bytes = 0;
  uint32_t page_tokens = 0;             // 0: no layer is paged
  uint32_t units = 0;                   // in the pool
  uint32_t chunk_tokens = 1;            // a multiple of every layer's
  uint32_t pages_per_sequence_max = 0;  // at context_max, drafts included
  std::vector<uint32_t> slotted;        // layers that keep a state
  std::vector<tenon_placement> placements;

  uint32_t pages_for(uint64_t positions) const {
    return page_tokens == 0 ? 0 : static_cast<uint32_t>((positions + page_tokens - 1) / page_tokens);
  }
  // Units of a sequence that never speculates.
  uint64_t units_for(uint64_t positions) const { return slotted.size() + pages_for(positions); }
};

// page_tokens: as configured; 0 chooses the number that makes a page as large as a slot. prefix_bytes: wanted
// beyond what running sequences can use. Fails with TENON_OUT_OF_MEMORY if the pool would not hold one sequence
// with one page.
Result<Layout> make_layout(const tenon_limits& limits, std::span<const tenon_needs> needs, uint32_t page_tokens,
                           uint64_t pool_bytes_max, uint64_t prefix_bytes);

}  // namespace tenon::hybrid_paged
