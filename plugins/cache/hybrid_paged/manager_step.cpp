// What a manager does in a step: reserve, fill, commit.
#include "manager.hpp"

#include <algorithm>

namespace tenon::hybrid_paged {

// ---- reserve

// The last save may go where the step starts from, which by then has been read, unless somebody else reads it
// too. without_tree: as it would be if the tree gave up everything.
bool Manager::may_overwrite_current(const Sequence& sequence, bool without_tree) const {
  return std::all_of(sequence.current.begin(), sequence.current.end(), [&](int32_t unit) {
    return unit >= 0 && (units_.is_exclusive(unit) || (without_tree && units_.is_exclusive_but_for_tree(unit)));
  });
}

// A prefill saves one state per layer, a decode one per token, if some of them may be rejected.
Status Manager::reserve(uint64_t id, const tenon_reservation& reservation) {
  TENON_TRY(Sequence * sequence, get(id));
  if (reservation.tokens == 0 || reservation.first != sequence->computed)
    return invalid("sequence " + std::to_string(id) + " has computed " + std::to_string(sequence->computed) +
                   " tokens, a step cannot begin at " + std::to_string(reservation.first));
  uint32_t pages = layout_.pages_for(reservation.positions_end);
  if (pages > layout_.pages_per_sequence_max)
    return invalid("position " + std::to_string(reservation.positions_end) + " is beyond the context");
  bool saves_last_only = reservation.phase == TENON_PREFILL || reservation.all_kept;
  uint32_t saves = saves_last_only ? 1 : reservation.tokens;
  size_t new_pages = pages > sequence->pages.size() ? pages - sequence->pages.size() : 0;
  auto needed = [&](bool without_tree) {
    return new_pages + size_t{slotted()} * (saves - may_overwrite_current(*sequence, without_tree));
  };
  size_t own = slots_only_reserved(*sequence);
  if (needed(true) > obtainable() + own) return no_room(needed(true), obtainable() + own);
  while (needed(false) > units_.available() + own)
    if (!tree_.evict_one()) return no_room(needed(false), units_.available() + own);

  bool overwrites = may_overwrite_current(*sequence, false);
  bool is_decode = reservation.phase == TENON_DECODE;
  std::vector<Snapshot> snapshots;
  if (!is_decode)
    snapshots = snapshots_between(*sequence, reservation.first, reservation.first + reservation.tokens);
  sequence->pages.reserve(pages), sequence->saves.reserve(size_t{slotted()} * saves);
  if (settings_.reuse_decoded && is_decode) sequence->coming.reserve(reservation.tokens);
  // Nothing can fail any more.
  cancel_reservation(*sequence);
  for (size_t i = 0; i < new_pages; ++i) sequence->pages.push_back(units_.take());
  sequence->reserved_tokens = reservation.tokens;
  sequence->phase = reservation.phase;
  sequence->saves_last_only = saves_last_only;
  sequence->saves_per_layer = saves;
  for (size_t layer = 0; layer < slotted(); ++layer)
    for (uint32_t i = 0; i < saves; ++i)
      sequence->saves.push_back(i + 1 == saves && overwrites ? sequence->current[layer] : units_.take());
  sequence->coming.clear();
  if (settings_.reuse_decoded && is_decode && reservation.token_ids)
    sequence->coming.assign(reservation.token_ids, reservation.token_ids + reservation.tokens);
  take_snapshots(*sequence, std::move(snapshots));
  return ok();
}

// Those that the step passes, without slots yet; the one at its end is the sequence's own state.
std::vector<Snapshot> Manager::snapshots_between(const Sequence& sequence, uint32_t first, uint32_t end) const {
  std::vector<Snapshot> snapshots;
  for (uint32_t position : sequence.wanted)
    if (position > first && position < end)
      snapshots.push_back({position, std::vector<int32_t>(slotted(), -1)});
  return snapshots;
}

// There may be no room, and then there is no snapshot.
void Manager::take_snapshots(Sequence& sequence, std::vector<Snapshot> snapshots) {
  sequence.snapshots = std::move(snapshots);
  for (size_t taken = 0; taken < sequence.snapshots.size(); ++taken) {
    if (!make_room(slotted())) return sequence.snapshots.resize(taken);
    for (int32_t& slot : sequence.snapshots[taken].slots) slot = units_.take();
  }
}

// What cancelling the reservation, if there is one, would give back.
size_t Manager::slots_only_reserved(const Sequence& sequence) const {
  size_t slots = sequence.snapshots.size() * slotted();
  for (size_t i = 0; i < sequence.saves.size(); ++i)
    slots += sequence.saves[i] != sequence.current[i / sequence.saves_per_layer];
  return slots;
}

void Manager::cancel_reservation(Sequence& sequence) {
  give_back_saves(sequence, -1);
  give_back_snapshots(sequence);
  sequence.reserved_tokens = 0;
}

void Manager::give_back_snapshots(Sequence& sequence) {
  for (const Snapshot& snapshot : sequence.snapshots)
    for (int32_t slot : snapshot.slots) units_.give_back(slot);
  sequence.snapshots.clear();
}

// Gives back every reserved slot but those at kept_index, and never the current ones.
void Manager::give_back_saves(Sequence& sequence, int32_t kept_index) {
  for (size_t layer = 0; !sequence.saves.empty() && layer < slotted(); ++layer)
    for (uint32_t i = 0; i < sequence.saves_per_layer; ++i) {
      int32_t slot = sequence.saves[layer * sequence.saves_per_layer + i];
      if (static_cast<int32_t>(i) != kept_index && slot != sequence.current[layer]) units_.give_back(slot);
    }
  sequence.saves.clear();
}

// ---- fill

Status Manager::fill(const tenon_step& step, std::span<const uint64_t> ids, tenon_cache_tables& tables) {
  uint32_t pages_max = std::max(layout_.pages_per_sequence_max, 1u);
  copies_.clear();
  for (uint32_t s = 0; s < ids.size(); ++s) {
    TENON_TRY(Sequence * sequence, get(ids[s]));
    int32_t* row = tables.page_table + size_t{s} * pages_max;
    std::copy(sequence->pages.begin(), sequence->pages.end(), row);
    if (sequence->pages.size() < pages_max) row[sequence->pages.size()] = -1;
    fill_slots(step, s, *sequence, tables);
    if (sequence->copy_source < 0 || sequence->is_copied) continue;
    int32_t target = sequence->pages[sequence->computed / layout_.page_tokens];
    copies_.push_back({uint64_t(sequence->copy_source) * layout_.unit_bytes,
                       uint64_t(target) * layout_.unit_bytes, layout_.unit_bytes});
    sequence->is_copied = true;
  }
  freed_.clear();
  for (int32_t unit : units_.freed())
    freed_.push_back({uint64_t(unit) * layout_.unit_bytes, layout_.unit_bytes});
  units_.clear_freed();
  tables.freed = freed_.data(), tables.freed_count = static_cast<uint32_t>(freed_.size());
  tables.copies = copies_.data(), tables.copies_count = static_cast<uint32_t>(copies_.size());
  return ok();
}

void Manager::fill_slots(const tenon_step& step, uint32_t s, const Sequence& sequence,
                         tenon_cache_tables& tables) const {
  int32_t begin = step.token_start[s], end = step.token_start[s + 1];
  for (size_t i = 0; i < layout_.slotted.size(); ++i) {
    uint32_t layer = layout_.slotted[i];
    if (layer < tables.layer_begin || layer >= tables.layer_end) continue;
    uint32_t row = layer - tables.layer_begin;
    tables.slot_start[row * step.sequences + s] = sequence.current[i];
    int32_t* saves = tables.slot_save + size_t{row} * step.tokens;
    const int32_t* reserved = sequence.saves.data() + i * sequence.saves_per_layer;
    for (int32_t t = begin; t < end; ++t) saves[t] = sequence.saves_last_only ? -1 : reserved[t - begin];
    saves[end - 1] = reserved[sequence.saves_per_layer - 1];
    for (const Snapshot& snapshot : sequence.snapshots)
      saves[begin + static_cast<int32_t>(snapshot.position - sequence.computed) - 1] = snapshot.slots[i];
  }
}

// ---- commit and after

Status Manager::commit(uint64_t id, uint32_t tokens) {
  TENON_TRY(Sequence * sequence, get(id));
  if (tokens == 0 || tokens > sequence->reserved_tokens ||
      (sequence->saves_last_only && tokens != sequence->reserved_tokens))
    return invalid("sequence " + std::to_string(id) + " has reserved " +
                   std::to_string(sequence->reserved_tokens) + " tokens, " + std::to_string(tokens) +
                   " cannot be kept");
  if (sequence->phase == TENON_DECODE) take_decoded(*sequence, tokens);
  uint32_t kept = sequence->saves_last_only ? 0 : tokens - 1;
  for (size_t layer = 0; layer < slotted(); ++layer) {
    int32_t slot = sequence->saves[layer * sequence->saves_per_layer + kept];
    int32_t before = sequence->current[layer];
    sequence->current[layer] = slot;
    // The state the step started from is nobody's now, unless it is the last of the saves, which are given back
    // below.
    bool is_among_saves = before == sequence->saves[(layer + 1) * sequence->saves_per_layer - 1];
    if (before >= 0 && !is_among_saves) units_.give_back(before);
  }
  give_back_saves(*sequence, static_cast<int32_t>(kept));
  if (sequence->copy_source >= 0) units_.give_back(sequence->copy_source);
  sequence->copy_source = -1;
  uint32_t chunks = sequence->computed / layout_.chunk_tokens;
  sequence->computed += tokens;
  sequence->reserved_tokens = 0;
  bool has_more = sequence->phase == TENON_PREFILL || sequence->computed / layout_.chunk_tokens > chunks;
  if (has_more && may_leave_behind(*sequence)) leave_behind(id, *sequence);
  give_back_snapshots(*sequence);
  return ok();
}

// A result must not depend on what is left behind (rule D3), unless that was asked for.
bool Manager::may_leave_behind(const Sequence& sequence) const {
  bool is_exact = sequence.origin == Origin::kPrefill;
  bool is_known = sequence.computed <= sequence.tokens.size();
  return settings_.prefix_cache && sequence.leaves_behind && is_known && (is_exact || settings_.reuse_decoded);
}

// With reuse_decoded: the tokens of a decode, and of the states it saves anyway the one after the last whole
// chunk, which thereby gets a second owner.
void Manager::take_decoded(Sequence& sequence, uint32_t tokens) {
  sequence.origin = Origin::kDecode;
  if (sequence.coming.empty() || sequence.tokens.size() != sequence.computed) return;
  sequence.tokens.insert(sequence.tokens.end(), sequence.coming.begin(), sequence.coming.begin() + tokens);
  uint32_t first = sequence.computed, end = first + tokens;
  uint32_t position = end / layout_.chunk_tokens * layout_.chunk_tokens;
  bool is_saved = position == end || !sequence.saves_last_only;
  if (slotted() == 0 || position <= first || !is_saved) return;
  uint32_t index = sequence.saves_last_only ? 0 : position - first - 1;
  std::vector<int32_t> slots(slotted());
  for (size_t layer = 0; layer < slotted(); ++layer)
    slots[layer] = sequence.saves[layer * sequence.saves_per_layer + index];
  sequence.snapshots.push_back({position, std::move(slots)});
  for (int32_t slot : sequence.snapshots.back().slots) units_.share(slot);
}

// Gives the tree what a step made: the pages of whole chunks, and the snapshots taken.
void Manager::leave_behind(uint64_t id, Sequence& sequence) try {
  uint32_t chunk = layout_.chunk_tokens;
  Maker maker{id, sequence.origin};
  auto node_at = [&](uint32_t position) {
    return tree_.insert(sequence.salt, sequence.tokens, position / chunk, sequence.pages, maker);
  };
  for (const Snapshot& snapshot : sequence.snapshots)
    tree_.attach(*node_at(snapshot.position), snapshot.slots, maker);
  Node* last = node_at(sequence.computed);
  bool is_wanted = std::binary_search(sequence.wanted.begin(), sequence.wanted.end(), sequence.computed);
  if (is_wanted) tree_.attach(*last, sequence.current, maker);
  if (sequence.phase == TENON_DECODE && !sequence.snapshots.empty()) keep_newest_decoded(id, sequence);
  tree_.shrink();
} catch (const std::bad_alloc&) {
  // What there is no memory to write down, nobody finds.
}

// Where the answer ends is where the next turn goes on; of the states before, only every snapshot_every-th
// stays.
void Manager::keep_newest_decoded(uint64_t id, Sequence& sequence) {
  uint32_t depth = sequence.decoded_snapshot / layout_.chunk_tokens;
  if (depth % snapshot_every() != 0) tree_.detach(sequence.salt, sequence.tokens, depth, id);
  sequence.decoded_snapshot = sequence.snapshots.back().position;
}

}  // namespace tenon::hybrid_paged
