#include "manager.hpp"

#include <algorithm>

namespace tenon::hybrid_paged {

Error no_room(uint64_t needed, uint64_t available) {
  return {TENON_OUT_OF_MEMORY,
          "needs " + std::to_string(needed) + " units, " + std::to_string(available) + " are free"};
}

Result<std::unique_ptr<Manager>> Manager::create(Host, Config config) {
  Settings settings;
  settings.page_tokens = static_cast<uint32_t>(config.get_int("page_tokens"));
  settings.prefix_cache = config.get_bool("prefix_cache");
  settings.prefix_bytes = static_cast<uint64_t>(config.get_int("prefix_bytes"));
  settings.snapshot_tokens =
      static_cast<uint32_t>(std::min<int64_t>(config.get_int("snapshot_tokens"), INT32_MAX));
  settings.snapshot_bytes = static_cast<uint64_t>(config.get_int("snapshot_bytes"));
  settings.reuse_decoded = settings.prefix_cache && config.get_bool("reuse_decoded");
  if (!settings.prefix_cache) settings.prefix_bytes = settings.snapshot_bytes = 0;
  return std::make_unique<Manager>(settings);
}

Result<tenon_cache_plan> Manager::plan(const tenon_limits& limits, std::span<const tenon_needs> needs,
                                       uint64_t pool_bytes_max, std::span<tenon_placement> placements) {
  TENON_TRY(layout_, make_layout(limits, needs, settings_.page_tokens, pool_bytes_max, settings_.prefix_bytes));
  TENON_TRY(size_t snapshots, snapshots_max());
  units_.reset(layout_.units);
  tree_.reset(units_, {layout_.chunk_tokens, layout_.page_tokens, slotted() > 0,
                       settings_.prefix_bytes / layout_.unit_bytes, snapshots});
  copies_.reserve(limits.sequences_max), freed_.reserve(layout_.units);
  std::copy(layout_.placements.begin(), layout_.placements.end(), placements.begin());
  tenon_cache_plan plan{};
  plan.page_tokens = layout_.page_tokens;
  plan.pages_max = std::max(layout_.pages_per_sequence_max, 1u);
  plan.pool_bytes = layout_.units * layout_.unit_bytes;
  return plan;
}

Result<size_t> Manager::snapshots_max() const {
  uint64_t bytes = slotted() * layout_.unit_bytes;  // of one
  if (settings_.snapshot_bytes == 0 || bytes == 0) return SIZE_MAX;
  if (settings_.snapshot_bytes < bytes)
    return invalid("snapshot_bytes is " + std::to_string(settings_.snapshot_bytes) +
                   ", must be 0 or have room for one snapshot of " + std::to_string(bytes) + " bytes");
  return settings_.snapshot_bytes / bytes;
}

Result<Sequence*> Manager::get(uint64_t id) {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return invalid("sequence " + std::to_string(id) + " is not admitted");
  return &found->second;
}

bool Manager::make_room(size_t units) {
  if (obtainable() < units) return false;
  while (units_.available() < units && tree_.evict_one()) {
  }
  return units_.available() >= units;
}

// ---- admit

Result<uint32_t> Manager::admit(uint64_t id, const tenon_admission& admission) {
  if (sequences_.contains(id)) return invalid("sequence " + std::to_string(id) + " is already admitted");
  if (layout_.pages_for(admission.max_positions) > layout_.pages_per_sequence_max)
    return invalid(std::to_string(admission.max_positions) + " tokens are beyond the context");
  uint64_t ever = layout_.units_for(admission.max_positions);
  if (ever > layout_.units)
    return invalid(std::to_string(admission.max_positions) + " tokens need " +
                   std::to_string(ever * layout_.unit_bytes) + " bytes, the cache has " +
                   std::to_string(layout_.units * layout_.unit_bytes));
  try {
    auto begun = begin(sequences_[id], admission);
    if (!begun.ok()) release(id);
    return begun;
  } catch (const std::bad_alloc&) {
    release(id);
    throw;
  }
}

Result<uint32_t> Manager::begin(Sequence& sequence, const tenon_admission& admission) {
  sequence.salt = admission.salt;
  if (settings_.reuse_decoded) sequence.tokens.reserve(admission.max_positions);
  sequence.tokens.assign(admission.token_ids, admission.token_ids + admission.tokens);
  sequence.current.assign(slotted(), -1);
  PrefixTree::Match match;
  // At least one token is left to be computed, for its logits.
  if (settings_.prefix_cache)
    match = tree_.find(sequence.salt, sequence.tokens, (admission.tokens - 1) / layout_.chunk_tokens);
  uint64_t soon = std::max<uint64_t>(admission.positions_now, admission.tokens);
  bool begins = match.resume && begin_with(sequence, *match.resume, soon);
  uint64_t now = layout_.units_for(soon);
  if (!begins && now > obtainable()) return no_room(now, obtainable());
  choose_snapshots(sequence, match.depth);
  sequence.pages.reserve(layout_.pages_for(admission.max_positions));
  prompt_tokens_ += admission.tokens, reused_tokens_ += sequence.computed;
  return sequence.computed;
}

// Takes part in what the tree has up to this node. Not if there would be no room for the rest of the prompt:
// the snapshot stays beside the sequence's own state until the first step is done.
bool Manager::begin_with(Sequence& sequence, const Node& node, uint64_t positions) {
  uint32_t tokens = node.depth * layout_.chunk_tokens;
  std::vector<int32_t> pages = tree_.pages_up_to(node);
  if (layout_.page_tokens > 0 && tokens % layout_.page_tokens != 0) {
    sequence.copy_source = pages.back();
    pages.pop_back();
    units_.share(sequence.copy_source);
  }
  sequence.pages = std::move(pages);
  std::copy(node.snapshot.begin(), node.snapshot.end(), sequence.current.begin());
  sequence.computed = sequence.found = tokens;
  sequence.origin = node.maker.origin;
  for (int32_t unit : sequence.pages) units_.share(unit);
  for (int32_t unit : sequence.current) units_.share(unit);
  size_t needed = layout_.pages_for(positions) - sequence.pages.size() + slotted();
  if (needed <= obtainable()) return true;
  let_go(sequence);
  return false;
}

// Gives everything back; what is left is a sequence that has computed nothing.
void Manager::let_go(Sequence& sequence) {
  cancel_reservation(sequence);
  if (sequence.copy_source >= 0) units_.give_back(sequence.copy_source);
  for (int32_t unit : sequence.pages) units_.give_back(unit);
  for (int32_t& unit : sequence.current) {
    if (unit >= 0) units_.give_back(unit);
    unit = -1;
  }
  sequence.pages.clear();
  sequence.copy_source = -1, sequence.computed = sequence.found = 0;
  sequence.origin = Origin::kPrefill;
}

// The last whole chunk is where the next turn of a chat goes on. The one before serves a next turn that differs
// in the prompt's last few tokens, as it does where a template opens a think block and later drops it. Where
// the prompt leaves what is known, others may leave it too.
void Manager::choose_snapshots(Sequence& sequence, uint32_t depth_known) const {
  if (!settings_.prefix_cache || slotted() == 0) return;
  uint32_t chunk = layout_.chunk_tokens, depth = static_cast<uint32_t>(sequence.tokens.size()) / chunk;
  std::vector<uint32_t> depths = {depth, depth > 0 ? depth - 1 : 0, depth_known};
  for (uint32_t at = snapshot_every(); at < depth; at += snapshot_every()) depths.push_back(at);
  std::sort(depths.begin(), depths.end());
  depths.erase(std::unique(depths.begin(), depths.end()), depths.end());
  for (uint32_t at : depths)
    if (at * chunk > sequence.computed) sequence.wanted.push_back(at * chunk);
}

// ---- the end, and counts

void Manager::release(uint64_t id) noexcept {
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  let_go(found->second);
  sequences_.erase(found);
}

bool Manager::begins_alike(const Sequence& one, const Sequence& other) const {
  size_t chunk = layout_.chunk_tokens;
  return one.salt == other.salt && std::min(one.tokens.size(), other.tokens.size()) >= chunk &&
         std::equal(one.tokens.begin(), one.tokens.begin() + chunk, other.tokens.begin());
}

// Where its memory went wrong, or that of somebody it began with, nobody knows: a request that was cancelled
// halfway left pages whose logits were never looked at. So the whole path goes, else every later request that
// begins so would fail. Sequences that run on with memory of that path keep it, and leave nothing behind.
void Manager::discard(uint64_t id) noexcept {
  auto failed = sequences_.find(id);
  if (failed == sequences_.end()) return;
  const Sequence& sequence = failed->second;
  tree_.forget(sequence.salt, sequence.tokens, sequence.found / layout_.chunk_tokens, id);
  for (auto& [other_id, other] : sequences_)
    if (begins_alike(sequence, other)) other.leaves_behind = false;
  release(id);
}

tenon_cache_stats Manager::stats() const noexcept {
  tenon_cache_stats stats{};
  stats.pool = units_.count() * layout_.unit_bytes;
  stats.used_by_sequences = (units_.count() - obtainable()) * layout_.unit_bytes;
  stats.kept_for_later = units_.idle() * layout_.unit_bytes;
  stats.prompt_tokens = prompt_tokens_, stats.reused_tokens = reused_tokens_;
  stats.pages_evicted = tree_.pages_evicted(), stats.states_evicted = tree_.snapshots_evicted();
  stats.states_kept = tree_.snapshots() * slotted() * layout_.unit_bytes;
  return stats;
}

Status Manager::check() const {
  std::vector<uint32_t> owners = tree_.count_holds();
  auto count = [&](int32_t unit) { ++owners[static_cast<size_t>(unit)]; };
  for (const auto& [id, sequence] : sequences_) {
    for (int32_t unit : sequence.pages) count(unit);
    for (int32_t unit : sequence.current)
      if (unit >= 0) count(unit);
    for (size_t i = 0; i < sequence.saves.size(); ++i)
      if (sequence.saves[i] != sequence.current[i / sequence.saves_per_layer]) count(sequence.saves[i]);
    for (const Snapshot& snapshot : sequence.snapshots)
      for (int32_t unit : snapshot.slots) count(unit);
    if (sequence.copy_source >= 0) count(sequence.copy_source);
  }
  size_t free = 0;
  for (size_t unit = 0; unit < owners.size(); ++unit) {
    uint32_t known = units_.owners(static_cast<int32_t>(unit));
    if (known != owners[unit])
      return Error{TENON_INTERNAL, "unit " + std::to_string(unit) + " has " + std::to_string(owners[unit]) +
                                       " owners, and " + std::to_string(known) + " are written down"};
    free += known == 0;
  }
  if (free != units_.available())
    return Error{TENON_INTERNAL, std::to_string(free) + " units have no owner, " +
                                     std::to_string(units_.available()) + " are in the free list"};
  return ok();
}

}  // namespace tenon::hybrid_paged
