#include "manager.hpp"

namespace tenon::hybrid_paged {
namespace {

Error no_room(uint64_t needed, uint64_t available) {
  return {TENON_OUT_OF_MEMORY,
          "needs " + std::to_string(needed) + " units, " + std::to_string(available) + " are free"};
}

}  // namespace

Result<std::unique_ptr<Manager>> Manager::create(Host, Config config) {
  return std::make_unique<Manager>(static_cast<uint32_t>(config.get_int("page_tokens")));
}

Result<tenon_cache_plan> Manager::plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                       uint64_t pool_bytes_max, std::span<tenon_placement> placements) {
  TENON_TRY(layout_, make_layout(limits, needs, page_tokens_, pool_bytes_max));
  units_.reset(layout_.units);
  std::copy(layout_.placements.begin(), layout_.placements.end(), placements.begin());
  tenon_cache_plan plan{};
  plan.page_tokens = layout_.page_tokens;
  plan.pages_max = std::max(layout_.pages_per_sequence_max, 1u);
  plan.pool_bytes = layout_.units * layout_.unit_bytes;
  return plan;
}

Result<uint32_t> Manager::admit(uint64_t id, const tenon_admission& admission) {
  if (sequences_.contains(id)) return invalid("sequence " + std::to_string(id) + " is already admitted");
  if (layout_.pages_for(admission.max_positions) > layout_.pages_per_sequence_max)
    return invalid(std::to_string(admission.max_positions) + " tokens are beyond the context");
  uint64_t ever = layout_.units_for(admission.max_positions);
  if (ever > layout_.units)
    return invalid(std::to_string(admission.max_positions) + " tokens need " +
                   std::to_string(ever * layout_.unit_bytes) + " bytes, the cache has " +
                   std::to_string(layout_.units * layout_.unit_bytes));
  uint64_t now = layout_.units_for(admission.tokens);
  if (now > units_.available()) return no_room(now, units_.available());
  Sequence& sequence = sequences_[id];
  sequence.positions_max = admission.max_positions;
  sequence.current.assign(layout_.slotted.size(), -1);
  return 0u;
}

Result<Sequence*> Manager::get(uint64_t id) {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return invalid("sequence " + std::to_string(id) + " is not admitted");
  return &found->second;
}

// A prefill saves one state per layer, a decode one per token. The last of them may overwrite the state that
// the step starts from, which by then has been read.
Status Manager::reserve(uint64_t id, const tenon_reservation& reservation) {
  TENON_TRY(Sequence * sequence, get(id));
  if (reservation.tokens == 0 || reservation.first != sequence->computed)
    return invalid("sequence " + std::to_string(id) + " has computed " + std::to_string(sequence->computed) +
                   " tokens, a step cannot begin at " + std::to_string(reservation.first));
  uint32_t pages = layout_.pages_for(reservation.positions_end);
  if (pages > layout_.pages_per_sequence_max)
    return invalid("position " + std::to_string(reservation.positions_end) + " is beyond the context");
  uint32_t saves = reservation.phase == TENON_PREFILL ? 1 : reservation.tokens;
  bool is_new = sequence->computed == 0;
  uint64_t new_pages = pages > sequence->pages.size() ? pages - sequence->pages.size() : 0;
  uint64_t new_slots = layout_.slotted.size() * uint64_t{is_new ? saves : saves - 1};
  uint64_t available = units_.available() + slots_only_reserved(*sequence);
  if (new_pages + new_slots > available) return no_room(new_pages + new_slots, available);

  cancel_reservation(*sequence);
  for (uint64_t i = 0; i < new_pages; ++i) sequence->pages.push_back(units_.take());
  sequence->reserved_tokens = reservation.tokens;
  sequence->phase = reservation.phase;
  sequence->saves_per_layer = saves;
  for (size_t layer = 0; layer < layout_.slotted.size(); ++layer)
    for (uint32_t i = 0; i < saves; ++i) {
      bool reuses_current = i + 1 == saves && !is_new;
      sequence->saves.push_back(reuses_current ? sequence->current[layer] : units_.take());
    }
  return ok();
}

// What cancelling the reservation, if there is one, would give back.
uint64_t Manager::slots_only_reserved(const Sequence& sequence) const {
  bool reuses_current = sequence.computed > 0 && !sequence.saves.empty();
  return sequence.saves.size() - (reuses_current ? layout_.slotted.size() : 0);
}

void Manager::cancel_reservation(Sequence& sequence) {
  give_back_saves(sequence, -1);
  sequence.reserved_tokens = 0;
}

// Gives back every reserved slot but those at kept_index, and never the current ones.
void Manager::give_back_saves(Sequence& sequence, int32_t kept_index) {
  for (size_t layer = 0; !sequence.saves.empty() && layer < layout_.slotted.size(); ++layer)
    for (uint32_t i = 0; i < sequence.saves_per_layer; ++i) {
      int32_t slot = sequence.saves[layer * sequence.saves_per_layer + i];
      if (static_cast<int32_t>(i) != kept_index && slot != sequence.current[layer]) units_.give_back(slot);
    }
  sequence.saves.clear();
}

Status Manager::fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) {
  uint32_t pages_max = std::max(layout_.pages_per_sequence_max, 1u);
  for (uint32_t s = 0; s < ids.size(); ++s) {
    TENON_TRY(Sequence * sequence, get(ids[s]));
    int32_t* row = tables.page_table + size_t{s} * pages_max;
    for (uint32_t i = 0; i < pages_max; ++i) row[i] = i < sequence->pages.size() ? sequence->pages[i] : -1;
    fill_slots(step, s, *sequence, tables);
  }
  freed_.clear();
  for (int32_t unit : units_.freed())
    freed_.push_back({uint64_t(unit) * layout_.unit_bytes, layout_.unit_bytes});
  units_.clear_freed();
  tables.freed = freed_.data(), tables.freed_count = static_cast<uint32_t>(freed_.size());
  tables.copies = nullptr, tables.copies_count = 0;
  return ok();
}

void Manager::fill_slots(const tenon_step& step, uint32_t s, const Sequence& sequence,
                         tenon_cache_tables& tables) const {
  for (size_t i = 0; i < layout_.slotted.size(); ++i) {
    uint32_t layer = layout_.slotted[i];
    if (layer < tables.layer_begin || layer >= tables.layer_end) continue;
    uint32_t row = layer - tables.layer_begin;
    tables.slot_start[row * step.sequences + s] = sequence.current[i];
    int32_t* saves = tables.slot_save + size_t{row} * step.tokens;
    int32_t begin = step.token_start[s], end = step.token_start[s + 1];
    const int32_t* reserved = sequence.saves.data() + i * sequence.saves_per_layer;
    for (int32_t t = begin; t < end; ++t) {
      bool is_saved = sequence.phase == TENON_DECODE || t + 1 == end;
      saves[t] = is_saved ? reserved[sequence.phase == TENON_DECODE ? t - begin : 0] : -1;
    }
  }
}

Status Manager::commit(uint64_t id, uint32_t tokens) {
  TENON_TRY(Sequence * sequence, get(id));
  bool is_prefill = sequence->phase == TENON_PREFILL;
  if (tokens == 0 || tokens > sequence->reserved_tokens || (is_prefill && tokens != sequence->reserved_tokens))
    return invalid("sequence " + std::to_string(id) + " has reserved " +
                   std::to_string(sequence->reserved_tokens) + " tokens, " + std::to_string(tokens) +
                   " cannot be kept");
  uint32_t kept = is_prefill ? 0 : tokens - 1;
  // The state the step started from, if there was one, is the last of the reserved slots.
  for (size_t layer = 0; layer < layout_.slotted.size(); ++layer)
    sequence->current[layer] = sequence->saves[layer * sequence->saves_per_layer + kept];
  give_back_saves(*sequence, static_cast<int32_t>(kept));
  sequence->computed += tokens;
  sequence->reserved_tokens = 0;
  return ok();
}

void Manager::release(uint64_t id) noexcept {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  Sequence& sequence = found->second;
  cancel_reservation(sequence);
  for (int32_t page : sequence.pages) units_.give_back(page);
  for (int32_t slot : sequence.current)
    if (slot >= 0) units_.give_back(slot);
  sequences_.erase(found);
}

}  // namespace tenon::hybrid_paged
