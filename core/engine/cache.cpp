#include <tenon/engine/cache.hpp>

#include <algorithm>
#include <cstring>

namespace tenon {
namespace {

// Freed memory is made unusable in test builds, so that whoever still reads it is found out at once (rule D8).
#ifdef TENON_CONTRACT_CHECKS
constexpr bool kPoisonFreed = true;
#else
constexpr bool kPoisonFreed = false;
#endif
constexpr uint32_t kSignallingNaN = 0x7fa00000u;

void poison(std::byte* at, uint64_t bytes) {
  for (uint64_t i = 0; i + sizeof kSignallingNaN <= bytes; i += sizeof kSignallingNaN)
    std::memcpy(at + i, &kSignallingNaN, sizeof kSignallingNaN);
}

tenon_reservation reservation_of(const Work& work, uint32_t positions_end) {
  tenon_reservation reservation{};
  reservation.size = sizeof(reservation);
  reservation.tokens = work.count, reservation.first = work.first;
  reservation.positions_end = positions_end;
  reservation.phase = work.phase, reservation.all_kept = work.all_kept;
  reservation.token_ids = work.tokens;
  return reservation;
}

}  // namespace

Result<Cache> Cache::make(const Assembly& assembly) {
  TENON_TRY(AlignedBuffer pool, AlignedBuffer::allocate(assembly.cache_layout().plan.pool_bytes, "cache"));
  return Cache(assembly, std::move(pool));
}

Cache::Cache(const Assembly& assembly, AlignedBuffer pool) : assembly_(&assembly), pool_(std::move(pool)) {
  size_t layers = assembly.needs().size(), sequences = assembly.limits().sequences_max;
  states_.resize(layers);
  page_table_.resize(sequences * assembly.cache_layout().plan.pages_max);
  slot_start_.resize(layers * sequences);
  slot_save_.resize(layers * assembly.limits().tokens_per_step_max);
}

Result<uint32_t> Cache::admit(uint64_t sequence, std::span<const int32_t> prompt, uint64_t salt,
                              uint64_t positions_now, uint64_t max_positions) {
  tenon_admission admission{};
  admission.size = sizeof(admission);
  admission.tokens = static_cast<uint32_t>(prompt.size());
  admission.token_ids = prompt.data();
  admission.salt = salt, admission.positions_now = positions_now, admission.max_positions = max_positions;
  uint32_t computed = 0;
  TENON_TRY(assembly_->cache().call(&tenon_cache_manager::admit, sequence, &admission, &computed));
  return computed;
}

Status Cache::reserve(const Work& work, uint32_t positions_end) {
  tenon_reservation reservation = reservation_of(work, positions_end);
  return assembly_->cache().call(&tenon_cache_manager::reserve, work.sequence, &reservation);
}

bool Cache::try_reserve(const Work& work, uint32_t positions_end) {
  tenon_reservation reservation = reservation_of(work, positions_end);
  return assembly_->cache().accepts(&tenon_cache_manager::reserve, work.sequence, &reservation);
}

Status Cache::commit(uint64_t sequence, uint32_t tokens) {
  return assembly_->cache().call(&tenon_cache_manager::commit, sequence, tokens);
}

void Cache::release(uint64_t sequence) {
  assembly_->cache().table().release(assembly_->cache().self(), sequence);
}

void Cache::discard(uint64_t sequence) {
  assembly_->cache().table().discard(assembly_->cache().self(), sequence);
}

tenon_cache_stats Cache::stats() const {
  tenon_cache_stats stats{};
  stats.size = sizeof(stats);
  assembly_->cache().table().stats(assembly_->cache().self(), &stats);
  return stats;
}

Status Cache::check() const { return assembly_->cache().call(&tenon_cache_manager::check); }

Result<std::span<const tenon_state>> Cache::fill(const Batch& batch, uint32_t begin, uint32_t end) {
  const tenon_step& step = batch.step();
  tenon_cache_tables tables{};
  tables.size = sizeof(tables);
  tables.layer_begin = begin, tables.layer_end = end;
  tables.page_table = page_table_.data();
  tables.slot_start = slot_start_.data(), tables.slot_save = slot_save_.data();
  TENON_TRY(assembly_->cache().call(&tenon_cache_manager::fill, &step, batch.sequences().data(), &tables));
  maintain(tables);
  point_states(step, tables);
  return std::span<const tenon_state>(states_.data() + begin, end - begin);
}

void Cache::maintain(const tenon_cache_tables& tables) {
  if (kPoisonFreed)
    for (uint32_t i = 0; i < tables.freed_count; ++i)
      poison(pool_.data() + tables.freed[i].offset, tables.freed[i].bytes);
  for (uint32_t i = 0; i < tables.copies_count; ++i)
    std::memcpy(pool_.data() + tables.copies[i].to, pool_.data() + tables.copies[i].from,
                tables.copies[i].bytes);
}

void Cache::point_states(const tenon_step& step, const tenon_cache_tables& tables) {
  const CacheLayout& layout = assembly_->cache_layout();
  for (uint32_t layer = tables.layer_begin; layer < tables.layer_end; ++layer) {
    const tenon_placement& place = layout.placements[layer];
    uint32_t row = layer - tables.layer_begin;
    tenon_state& state = states_[layer];
    state.size = sizeof(state);
    state.page_tokens = layout.plan.page_tokens, state.pages_max = layout.plan.pages_max;
    state.pages = pool_.data() + place.pages_offset, state.page_stride = place.page_stride;
    state.page_table = tables.page_table;
    state.slots = pool_.data() + place.slots_offset, state.slot_stride = place.slot_stride;
    state.slot_start = tables.slot_start + size_t{row} * step.sequences;
    state.slot_save = tables.slot_save + size_t{row} * step.tokens;
  }
}

}  // namespace tenon
