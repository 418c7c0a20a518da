#include <tenon/ops/expert_cache.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/checked.hpp>
#include <tenon/base/text.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <chrono>

namespace tenon {
namespace {

// Enough to keep a disk busy; a solid state one wants several reads at a time.
constexpr int kReaders = 4;
// Of each size at least: what a mixture of gated MLPs needs of one expert.
constexpr uint64_t kSlotsMin = 3;

uint64_t stored_bytes(const tenon_weight& weight) {
  return bytes_of(weight.dtype, static_cast<uint64_t>(weight.rows * weight.columns));
}

}  // namespace

Result<std::unique_ptr<ExpertCache>> ExpertCache::make(std::vector<Group> groups, const Options& options) {
  std::unique_ptr<ExpertCache> cache(new ExpertCache(options));
  size_t members_max = 0;
  for (Group& group : groups) {
    size_t members = group.weight->members.size();
    TENON_CHECK(group.places.size() == members, "{} places of {} members", group.places.size(), members);
    members_max = std::max(members_max, members);
    cache->groups_.push_back({std::move(group), 0, std::vector<uint32_t>(members, kNone)});
  }
  cache->members_.reserve(members_max), cache->here_.reserve(members_max), cache->coming_.reserve(members_max);
  TENON_TRY(cache->divide());
  TENON_TRY(cache->allocate());
  for (uint32_t g = 0; g < cache->groups_.size(); ++g) {
    tenon_weight& weight = *cache->groups_[g].group.weight;
    bool is_packed = options.is_packed && find_packed_shape(weight);
    weight.cached = std::make_unique<CachedGroup>(
        CachedGroup{cache.get(), g, is_packed, std::vector<const std::byte*>(weight.members.size())});
  }
  cache->start_readers();
  return cache;
}

uint64_t ExpertCache::member_bytes(const tenon_weight& weight) const {
  auto shape = options_.is_packed ? find_packed_shape(weight) : std::nullopt;
  return round_up(shape ? shape->member_bytes() : stored_bytes(weight), 64);
}

uint64_t ExpertCache::bytes_on_disk(const tenon_weight& weight) const {
  bool is_in_packed_file = weight.cached->is_packed && options_.packed;
  return is_in_packed_file ? find_packed_shape(weight)->member_bytes() : stored_bytes(weight);
}

// Slabs get as much of the memory as their members have of all.
Status ExpertCache::divide() {
  uint64_t whole = 0, least = 0;
  for (Resident& resident : groups_) {
    uint64_t bytes = member_bytes(*resident.group.weight);
    auto slab =
        std::find_if(slabs_.begin(), slabs_.end(), [&](const Slab& s) { return s.slot_bytes == bytes; });
    if (slab == slabs_.end()) {
      slabs_.push_back({bytes});
      slab = slabs_.end() - 1;
    }
    resident.slab = static_cast<uint32_t>(slab - slabs_.begin());
    slab->members += resident.slot_of.size();
    whole += bytes * resident.slot_of.size();
  }
  for (Slab& slab : slabs_) {
    slab.slots = std::min(kSlotsMin, slab.members);
    least += slab.slots * slab.slot_bytes;
  }
  if (options_.bytes < least)
    return invalid("weights.expert_cache_bytes: is " + std::to_string(options_.bytes) + ", must be at least " +
                   std::to_string(least) + ", which is one expert; all of them take " + std::to_string(whole));
  double share = static_cast<double>(std::min(options_.bytes, whole) - least) / static_cast<double>(whole);
  for (Slab& slab : slabs_) {
    auto more = static_cast<uint64_t>(share * static_cast<double>(slab.members));
    slab.slots = options_.bytes >= whole ? slab.members : std::min(slab.members, slab.slots + more);
  }
  return ok();
}

Status ExpertCache::allocate() {
  for (Slab& slab : slabs_) {
    TENON_TRY(slab.memory, AlignedBuffer::allocate(slab.slots * slab.slot_bytes, "expert cache"));
    madvise(slab.memory.data(), slab.memory.bytes(), MADV_HUGEPAGE);
    for (uint64_t i = 0; i < slab.slots; ++i) {
      slots_.push_back({slab.memory.data() + i * slab.slot_bytes});
      link_newest(slab, static_cast<uint32_t>(slots_.size() - 1));
    }
  }
  queue_.resize(slots_.size());
  return ok();
}

void ExpertCache::start_readers() {
  uint64_t most = 0;
  for (const Resident& resident : groups_) most = std::max(most, stored_bytes(*resident.group.weight));
  bool is_staged = options_.is_packed && !options_.packed;
  for (int i = 0; i < kReaders; ++i)
    readers_.emplace_back([this, bytes = is_staged ? most : 0] {
      Staging staging{std::vector<std::byte>(bytes), {}};
      staging.weight.members.push_back({staging.bytes.data(), nullptr});
      read_on(staging);
    });
}

ExpertCache::~ExpertCache() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wanted_.notify_all();
  for (std::thread& reader : readers_) reader.join();
}

ExpertCacheStats ExpertCache::stats() const {
  ExpertCacheStats stats;
  for (const Slab& slab : slabs_) stats.bytes += slab.memory.bytes();
  stats.hits = hits_, stats.misses = misses_, stats.wait_seconds = wait_seconds_;
  std::lock_guard lock(mutex_);
  stats.bytes_read = bytes_read_;
  return stats;
}

void ExpertCache::link_newest(Slab& slab, uint32_t slot) {
  slots_[slot].older = slab.newest, slots_[slot].newer = kNone;
  (slab.newest == kNone ? slab.oldest : slots_[slab.newest].newer) = slot;
  slab.newest = slot;
}

void ExpertCache::unlink(Slab& slab, uint32_t slot) {
  auto [older, newer] = std::pair(slots_[slot].older, slots_[slot].newer);
  (older == kNone ? slab.oldest : slots_[older].newer) = newer;
  (newer == kNone ? slab.newest : slots_[newer].older) = older;
}

uint32_t ExpertCache::take_oldest(Slab& slab) {
  uint32_t slot = slab.oldest;
  TENON_CHECK(slot != kNone, "all {} slots are in use", slab.slots);
  unlink(slab, slot);
  const Slot& taken = slots_[slot];
  if (taken.state == State::kEmpty) return slot;
  groups_[taken.group].slot_of[taken.member] = kNone;
  groups_[taken.group].group.weight->cached->at[taken.member] = nullptr;
  return slot;
}

// Holds a member in memory, or begins to read it.
void ExpertCache::pin(uint32_t group, uint32_t member) {
  Resident& resident = groups_[group];
  Slab& slab = slabs_[resident.slab];
  uint32_t& slot = resident.slot_of[member];
  if (slot != kNone) {
    ++hits_;
    if (slots_[slot].pins++ == 0) unlink(slab, slot);
    return;
  }
  ++misses_;
  slot = take_oldest(slab);
  {
    std::lock_guard lock(mutex_);
    slots_[slot].group = group, slots_[slot].member = member, slots_[slot].pins = 1;
    slots_[slot].state = State::kReading;
    queue_[(queue_first_ + queue_count_++) % queue_.size()] = slot;
  }
  wanted_.notify_one();
}

// REQUIRES: nobody reads it now
void ExpertCache::unpin(uint32_t group, uint32_t member) {
  Resident& resident = groups_[group];
  uint32_t slot = resident.slot_of[member];
  if (--slots_[slot].pins > 0) return;
  link_newest(slabs_[resident.slab], slot);
  if (slots_[slot].state != State::kFailed) return;
  slots_[slot].state = State::kEmpty;
  resident.slot_of[member] = kNone;
}

// REQUIRES: mutex_ is held, the member is pinned
ExpertCache::State ExpertCache::state_of(uint32_t group, uint32_t member) const {
  return slots_[groups_[group].slot_of[member]].state;
}

void ExpertCache::publish(uint32_t group, uint32_t member) {
  Resident& resident = groups_[group];
  resident.group.weight->cached->at[member] = slots_[resident.slot_of[member]].memory;
}

void ExpertCache::read_on(Staging& staging) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return is_stopping_ || queue_count_ > 0; });
    if (is_stopping_) return;
    Slot& slot = slots_[queue_[queue_first_]];
    queue_first_ = (queue_first_ + 1) % queue_.size(), --queue_count_;
    lock.unlock();
    Status status = read(slot, staging);
    lock.lock();
    slot.state = status.ok() ? State::kReady : State::kFailed;
    if (status.ok()) bytes_read_ += bytes_on_disk(*groups_[slot.group].group.weight);
    if (!status.ok()) failure_ = status.error().text;
    done_.notify_all();
  }
}

Status ExpertCache::read(const Slot& slot, Staging& staging) {
  const Group& group = groups_[slot.group].group;
  const tenon_weight& weight = *group.weight;
  const FilePlace& place = group.places[slot.member];
  if (!weight.cached->is_packed) return place.file->read(place.offset, {slot.memory, stored_bytes(weight)});
  if (options_.packed) return options_.packed->read(weight, slot.member, slot.memory);
  TENON_TRY(place.file->read(place.offset, {staging.bytes.data(), stored_bytes(weight)}));
  tenon_weight& read = staging.weight;
  read.dtype = weight.dtype, read.rows = weight.rows, read.columns = weight.columns;
  pack_panels(read, 0, 0, find_packed_shape(weight)->panels, slot.memory);
  return ok();
}

MemberRounds::MemberRounds(std::initializer_list<const tenon_weight*> groups, std::span<const int32_t> members)
    : members_(members) {
  for (const tenon_weight* weight : groups)
    if (weight->cached) add(*weight);
  choose_step();
}

MemberRounds::MemberRounds(const tenon_weight& group, const int32_t* row_start) {
  add(group);
  cache_->members_.clear();
  for (size_t e = 0; e < group.members.size(); ++e)
    if (row_start[e + 1] > row_start[e]) cache_->members_.push_back(static_cast<int32_t>(e));
  members_ = cache_->members_;
  choose_step();
}

void MemberRounds::add(const tenon_weight& weight) {
  cache_ = weight.cached->cache;
  TENON_CHECK(group_count_ < groups_.size(), "more than {} groups", groups_.size());
  groups_[group_count_++] = weight.cached->index;
}

// As many members as fit, or, if that is not all, half of them, so that the next are read meanwhile.
void MemberRounds::choose_step() {
  step_ = std::max<size_t>(members_.size(), 1);
  for (uint32_t s = 0; cache_ && s < cache_->slabs_.size(); ++s) {
    size_t needed = 0;
    for_groups([&](uint32_t group) { needed += cache_->groups_[group].slab == s; });
    if (needed > 0) step_ = std::min<size_t>(step_, cache_->slabs_[s].slots / needed);
  }
  if (step_ >= members_.size() || step_ < 2) return;
  step_ /= 2, ahead_ = step_;
}

bool MemberRounds::next() {
  if (is_begun_ && end_ == members_.size()) return false;
  is_begun_ = true;
  begin_ = end_, end_ = std::min(begin_ + step_, members_.size());
  if (!cache_) return true;
  unpin_to(begin_);
  pin_to(std::min(end_ + ahead_, members_.size()));
  cache_->here_.clear(), cache_->coming_.clear();
  std::lock_guard lock(cache_->mutex_);
  for (int32_t member : all()) {
    if (!is_ready(member)) {
      cache_->coming_.push_back(member);
      continue;
    }
    for_groups([&](uint32_t group) { cache_->publish(group, static_cast<uint32_t>(member)); });
    cache_->here_.push_back(member);
  }
  return true;
}

// REQUIRES: the cache's mutex is held
bool MemberRounds::is_ready(int32_t member) const {
  bool is_ready = true;
  for_groups([&](uint32_t group) {
    is_ready &= cache_->state_of(group, static_cast<uint32_t>(member)) == ExpertCache::State::kReady;
  });
  return is_ready;
}

void MemberRounds::pin_to(size_t end) {
  for (; pinned_ < end; ++pinned_)
    for_groups([&](uint32_t group) { cache_->pin(group, static_cast<uint32_t>(members_[pinned_])); });
}

void MemberRounds::unpin_to(size_t end) {
  for (; unpinned_ < end; ++unpinned_)
    for_groups([&](uint32_t group) { cache_->unpin(group, static_cast<uint32_t>(members_[unpinned_])); });
}

Status MemberRounds::wait() {
  if (!cache_ || cache_->coming_.empty()) return ok();
  auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(cache_->mutex_);
  bool is_failed = false;
  for (int32_t member : cache_->coming_)
    for_groups([&](uint32_t group) {
      uint32_t m = static_cast<uint32_t>(member);
      cache_->done_.wait(lock, [&] { return cache_->state_of(group, m) != ExpertCache::State::kReading; });
      is_failed |= cache_->state_of(group, m) == ExpertCache::State::kFailed;
      cache_->publish(group, m);
    });
  cache_->wait_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return is_failed ? Status(Error{TENON_IO, cache_->failure_}) : ok();
}

// What is still being read, after a failure, must come to its end before it can give way to others.
MemberRounds::~MemberRounds() {
  if (!cache_) return;
  {
    std::unique_lock lock(cache_->mutex_);
    for (size_t i = unpinned_; i < pinned_; ++i)
      for_groups([&](uint32_t group) {
        uint32_t member = static_cast<uint32_t>(members_[i]);
        cache_->done_.wait(lock,
                           [&] { return cache_->state_of(group, member) != ExpertCache::State::kReading; });
      });
  }
  unpin_to(pinned_);
}

}  // namespace tenon
