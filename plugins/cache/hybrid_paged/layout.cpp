#include "layout.hpp"

#include <algorithm>
#include <numeric>

namespace tenon::hybrid_paged {
namespace {

constexpr uint64_t kAlignment = 64;
// Without recurrent layers there is no slot to match.
constexpr uint32_t kPageTokensAlone = 64;
constexpr uint64_t kUnitsMax = INT32_MAX;

uint64_t rounded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

uint32_t choose_page_tokens(uint64_t slot_bytes, uint64_t token_bytes) {
  if (slot_bytes == 0) return kPageTokensAlone;
  uint64_t fitting = slot_bytes / token_bytes;
  return static_cast<uint32_t>(fitting == 0 ? 1 : fitting);
}

}  // namespace

Result<Layout> make_layout(const tenon_limits& limits, std::span<const tenon_needs> needs, uint32_t page_tokens,
                           uint64_t pool_bytes_max, uint64_t prefix_bytes) {
  Layout layout;
  uint64_t slot_bytes = 0, token_bytes = 0;
  for (uint32_t i = 0; i < needs.size(); ++i) {
    if (needs[i].bytes_per_sequence > 0) layout.slotted.push_back(i);
    slot_bytes = std::max(slot_bytes, rounded(needs[i].bytes_per_sequence));
    token_bytes += needs[i].bytes_per_token;
    layout.chunk_tokens = std::lcm(layout.chunk_tokens, std::max(needs[i].chunk_tokens, 1u));
  }
  if (token_bytes > 0)
    layout.page_tokens = page_tokens ? page_tokens : choose_page_tokens(slot_bytes, token_bytes);
  layout.unit_bytes = rounded(std::max(slot_bytes, layout.page_tokens * token_bytes));
  if (layout.unit_bytes == 0) layout.unit_bytes = kAlignment;  // a model without any memory

  // Within a page each layer has a plane of its own: [page_tokens, bytes_per_token].
  uint64_t plane = 0;
  for (const tenon_needs& layer : needs) {
    layout.placements.push_back({plane, layout.unit_bytes, 0, layout.unit_bytes});
    plane += layer.bytes_per_token * layout.page_tokens;
  }

  layout.pages_per_sequence_max = layout.pages_for(uint64_t{limits.context_max} + limits.draft_tokens_max + 1);
  uint64_t slots = layout.slotted.size() * uint64_t{limits.draft_tokens_max + 1};
  uint64_t wanted =
      limits.sequences_max * (slots + layout.pages_per_sequence_max) + prefix_bytes / layout.unit_bytes;
  uint64_t least = layout.slotted.size() + (layout.page_tokens ? 1 : 0);
  uint64_t units = std::min({wanted, pool_bytes_max / layout.unit_bytes, kUnitsMax});
  if (units < least)
    return Error{TENON_OUT_OF_MEMORY, "the pool is " + std::to_string(pool_bytes_max) +
                                          " bytes, one sequence needs at least " + std::to_string(least) +
                                          " units of " + std::to_string(layout.unit_bytes)};
  layout.units = static_cast<uint32_t>(units);
  return layout;
}

}  // namespace tenon::hybrid_paged
