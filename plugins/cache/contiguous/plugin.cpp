// The contiguous cache manager. See contiguous.hpp.
#include "contiguous.hpp"

#include <algorithm>

namespace tenon::contiguous {
namespace {

constexpr uint64_t kAlignment = 64;

uint64_t rounded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(Host, Config) { return std::make_unique<Manager>(); }

Result<tenon_cache_plan> Manager::plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                       uint64_t pool_bytes_max, std::span<tenon_placement> placements) {
  positions_max_ = limits.context_max + limits.draft_tokens_max + 1;
  slots_per_region_ = limits.draft_tokens_max + 1;
  uint64_t region_bytes = 0;
  for (const tenon_needs& layer : needs)
    region_bytes +=
        rounded(layer.bytes_per_token * positions_max_) + rounded(layer.bytes_per_sequence) * slots_per_region_;
  uint64_t fitting = region_bytes == 0 ? limits.sequences_max : pool_bytes_max / region_bytes;
  uint32_t regions = static_cast<uint32_t>(std::min<uint64_t>(limits.sequences_max, fitting));
  if (regions == 0)
    return Error{TENON_OUT_OF_MEMORY, "the pool is " + std::to_string(pool_bytes_max) +
                                          " bytes, one sequence of the whole context needs " +
                                          std::to_string(region_bytes)};

  // Layer after layer: the pages of all regions, then the slots of all regions.
  layers_.clear();
  uint64_t at = 0;
  for (size_t i = 0; i < needs.size(); ++i) {
    LayerPlace layer{needs[i].bytes_per_sequence > 0,
                     {},
                     rounded(needs[i].bytes_per_token * positions_max_),
                     rounded(needs[i].bytes_per_sequence)};
    layer.placement = {at, layer.page_bytes, at + regions * layer.page_bytes, layer.slot_bytes};
    at += regions * (layer.page_bytes + slots_per_region_ * layer.slot_bytes);
    placements[i] = layer.placement;
    layers_.push_back(layer);
  }
  free_regions_.clear(), is_freed_.assign(regions, false);
  for (uint32_t region = regions; region > 0; --region) free_regions_.push_back(region - 1);
  freed_.reserve(2 * regions * layers_.size()), given_.reserve(2 * regions * layers_.size());
  tenon_cache_plan plan{};
  bool is_paged = std::any_of(needs.begin(), needs.end(),
                              [](const tenon_needs& layer) { return layer.bytes_per_token > 0; });
  plan.page_tokens = is_paged ? positions_max_ : 0;
  plan.pages_max = 1;
  plan.pool_bytes = at;
  return plan;
}

Result<uint32_t> Manager::admit(uint64_t id, const tenon_admission& admission) {
  if (sequences_.contains(id)) return invalid("sequence " + std::to_string(id) + " is already admitted");
  if (admission.max_positions > positions_max_)
    return invalid(std::to_string(admission.max_positions) + " tokens are too many, a region holds " +
                   std::to_string(positions_max_));
  if (free_regions_.empty()) return Error{TENON_OUT_OF_MEMORY, "every region is taken"};
  sequences_[id].region = free_regions_.back();
  free_regions_.pop_back();
  return 0u;
}

Result<Manager::Sequence*> Manager::get(uint64_t id) {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return invalid("sequence " + std::to_string(id) + " is not admitted");
  return &found->second;
}

Status Manager::reserve(uint64_t id, const tenon_reservation& reservation) {
  TENON_TRY(Sequence * sequence, get(id));
  bool saves_last_only = reservation.phase == TENON_PREFILL || reservation.all_kept;
  if (reservation.tokens == 0 || reservation.first != sequence->computed ||
      (!saves_last_only && reservation.tokens > slots_per_region_))
    return invalid("sequence " + std::to_string(id) + " has computed " + std::to_string(sequence->computed) +
                   " tokens, a step of " + std::to_string(reservation.tokens) + " cannot begin at " +
                   std::to_string(reservation.first));
  if (reservation.positions_end > positions_max_)
    return invalid("position " + std::to_string(reservation.positions_end) + " is beyond the context");
  sequence->reserved_tokens = reservation.tokens;
  sequence->saves_last_only = saves_last_only;
  return ok();
}

Status Manager::fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) {
  for (uint32_t s = 0; s < ids.size(); ++s) {
    TENON_TRY(Sequence * sequence, get(ids[s]));
    tables.page_table[s] = static_cast<int32_t>(sequence->region);
    uint32_t first_slot = sequence->region * slots_per_region_;
    int32_t begin = step.token_start[s], end = step.token_start[s + 1];
    for (uint32_t layer = tables.layer_begin; layer < tables.layer_end; ++layer) {
      if (!layers_[layer].is_slotted) continue;
      uint32_t row = layer - tables.layer_begin;
      bool is_new = sequence->computed == 0;
      tables.slot_start[row * step.sequences + s] =
          is_new ? -1 : static_cast<int32_t>(first_slot + sequence->current);
      for (int32_t t = begin; t < end; ++t) {
        bool is_saved = !sequence->saves_last_only || t + 1 == end;
        uint32_t slot =
            first_slot + save_slot(*sequence, sequence->saves_last_only ? 0 : static_cast<uint32_t>(t - begin));
        tables.slot_save[size_t{row} * step.tokens + t] = is_saved ? static_cast<int32_t>(slot) : -1;
      }
    }
  }
  std::swap(freed_, given_);
  freed_.clear(), is_freed_.assign(is_freed_.size(), false);
  tables.freed = given_.data(), tables.freed_count = static_cast<uint32_t>(given_.size());
  tables.copies = nullptr, tables.copies_count = 0;
  return ok();
}

Status Manager::commit(uint64_t id, uint32_t tokens) {
  TENON_TRY(Sequence * sequence, get(id));
  bool saves_last_only = sequence->saves_last_only;
  if (tokens == 0 || tokens > sequence->reserved_tokens ||
      (saves_last_only && tokens != sequence->reserved_tokens))
    return invalid("sequence " + std::to_string(id) + " has reserved " +
                   std::to_string(sequence->reserved_tokens) + " tokens, " + std::to_string(tokens) +
                   " cannot be kept");
  sequence->current = save_slot(*sequence, saves_last_only ? 0 : tokens - 1);
  sequence->computed += tokens;
  sequence->reserved_tokens = 0;
  return ok();
}

void Manager::release(uint64_t id) noexcept {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  if (uint32_t region = found->second.region; !is_freed_[region]) report_freed(region);
  free_regions_.push_back(found->second.region);
  sequences_.erase(found);
}

void Manager::report_freed(uint32_t region) {
  for (const LayerPlace& layer : layers_) {
    uint64_t slots = layer.slot_bytes * slots_per_region_;
    if (layer.page_bytes)
      freed_.push_back({layer.placement.pages_offset + region * layer.page_bytes, layer.page_bytes});
    if (slots) freed_.push_back({layer.placement.slots_offset + region * slots, slots});
  }
  is_freed_[region] = true;
}

}  // namespace tenon::contiguous

namespace {

constexpr const char* kSchema = "";

}  // namespace

TENON_CACHE_MANAGER_PLUGIN("contiguous", "0.1.0", "one region per sequence, as long as its longest context", "",
                           kSchema, tenon::contiguous::Manager);
