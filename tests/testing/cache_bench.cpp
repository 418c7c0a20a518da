#include "cache_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace tenon::testing {
namespace {

constexpr int32_t kUnwritten = -7;

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return (x ^ (x >> 29)) * 0x94d049bb133111ebu + b;
}

// What the token at a position leaves in a page of the layer.
uint64_t page_value(uint64_t id, uint32_t layer, uint64_t position, uint64_t token) {
  return mix(mix(mix(id, layer), position), token);
}

// The layer's state after the first `count` tokens, those kept and then those of the reservation.
uint64_t state_value(const CacheBench::Sequence& sequence, uint64_t id, uint32_t layer, size_t count) {
  uint64_t state = mix(id, layer);
  for (size_t i = 0; i < count; ++i)
    state = mix(state, i < sequence.kept.size() ? sequence.kept[i] : sequence.coming[i - sequence.kept.size()]);
  return state;
}

void write(std::vector<std::byte>& pool, tenon_range range, uint64_t value) {
  for (uint64_t i = 0; i < range.bytes; i += sizeof value)
    std::memcpy(pool.data() + range.offset + i, &value, std::min<uint64_t>(sizeof value, range.bytes - i));
}

bool holds(const std::vector<std::byte>& pool, tenon_range range, uint64_t value) {
  for (uint64_t i = 0; i < range.bytes; i += sizeof value)
    if (std::memcmp(pool.data() + range.offset + i, &value,
                    std::min<uint64_t>(sizeof value, range.bytes - i)) != 0)
      return false;
  return true;
}

bool contains(tenon_range outer, tenon_range inner) {
  return outer.offset <= inner.offset && inner.offset + inner.bytes <= outer.offset + outer.bytes;
}

}  // namespace

tenon_needs cache_needs(uint64_t bytes_per_token, uint64_t bytes_per_sequence) {
  tenon_needs needs{};
  needs.size = sizeof(needs);
  needs.chunk_tokens = 1, needs.saves_every_token = 1;
  needs.bytes_per_token = bytes_per_token, needs.bytes_per_sequence = bytes_per_sequence;
  return needs;
}

tenon_limits cache_limits(uint32_t sequences_max, uint32_t context_max, uint32_t draft_tokens_max) {
  tenon_limits limits = test_limits(1, context_max * sequences_max, sequences_max);
  limits.context_max = context_max, limits.draft_tokens_max = draft_tokens_max;
  return limits;
}

CacheBench::CacheBench(const std::map<std::string, ConfigValue>& config)
    : host_(Isa::kScalar, 1), object_(make_object<tenon_cache_manager>(TENON_CACHE_MANAGER, config, host_)) {}

Status CacheBench::plan(const tenon_limits& limits, std::vector<tenon_needs> needs, uint64_t pool_bytes_max) {
  tenon_cache_plan plan{};
  plan.size = sizeof(plan);
  std::vector<tenon_placement> placements(needs.size());
  TENON_TRY(object_.call(&tenon_cache_manager::plan, &limits, needs.data(), static_cast<uint32_t>(needs.size()),
                         pool_bytes_max, &plan, placements.data()));
  limits_ = limits, needs_ = needs, plan_ = plan, placements_ = placements;
  EXPECT_LE(plan.pool_bytes, pool_bytes_max);
  bool has_pages =
      std::any_of(needs.begin(), needs.end(), [](auto& layer) { return layer.bytes_per_token > 0; });
  EXPECT_EQ(plan.page_tokens > 0, has_pages);
  EXPECT_GE(uint64_t{plan.pages_max} * plan.page_tokens, has_pages ? limits.context_max : 0);
  return ok();
}

Status CacheBench::admit(uint64_t id, uint32_t tokens, uint64_t positions_max) {
  Sequence sequence;
  for (uint32_t i = 0; i < tokens; ++i) sequence.prompt.push_back(static_cast<int32_t>(++last_token_));
  sequence.positions_max = positions_max;
  sequence.current.assign(layers(), -1), sequence.saves.resize(layers());
  tenon_admission admission{};
  admission.size = sizeof(admission);
  admission.tokens = tokens, admission.token_ids = sequence.prompt.data();
  admission.max_positions = positions_max;
  uint32_t computed = 0;
  TENON_TRY(object_.call(&tenon_cache_manager::admit, id, &admission, &computed));
  EXPECT_EQ(computed, 0u) << "prompts have nothing in common";
  sequences_[id] = sequence;
  return ok();
}

Status CacheBench::reserve(uint64_t id, uint32_t tokens, int32_t phase, uint32_t positions_more) {
  auto known = sequences_.find(id);
  tenon_reservation reservation{};
  reservation.size = sizeof(reservation);
  reservation.tokens = tokens;
  if (known != sequences_.end()) reservation.first = static_cast<uint32_t>(known->second.kept.size());
  reservation.positions_end = reservation.first + tokens + positions_more;
  reservation.phase = phase;
  TENON_TRY(object_.call(&tenon_cache_manager::reserve, id, &reservation));
  Sequence& sequence = sequences_.at(id);
  sequence.phase = phase, sequence.positions_end = reservation.positions_end;
  sequence.coming.clear();
  for (auto& saves : sequence.saves) saves.clear();
  for (uint32_t i = reservation.first; i < reservation.first + tokens; ++i)
    sequence.coming.push_back(phase == TENON_PREFILL ? static_cast<uint64_t>(sequence.prompt.at(i))
                                                     : ++last_token_);
  return ok();
}

void CacheBench::make_step(const std::vector<uint64_t>& ids) {
  for (auto* array : {&positions_, &token_start_, &phase_, &context_length_}) array->clear();
  for (uint64_t id : ids) {
    const Sequence& sequence = sequences_.at(id);
    token_start_.push_back(static_cast<int32_t>(positions_.size()));
    phase_.push_back(sequence.phase), context_length_.push_back(static_cast<int32_t>(sequence.kept.size()));
    for (size_t i = 0; i < sequence.coming.size(); ++i)
      positions_.push_back(static_cast<int32_t>(sequence.kept.size() + i));
  }
  token_start_.push_back(static_cast<int32_t>(positions_.size()));
  step_.size = sizeof(step_);
  step_.tokens = static_cast<uint32_t>(positions_.size()), step_.sequences = static_cast<uint32_t>(ids.size());
  step_.positions = positions_.data(), step_.token_start = token_start_.data(), step_.phase = phase_.data();
  step_.context_length = context_length_.data();
  page_table_.assign(step_.sequences * plan_.pages_max, kUnwritten);
  slot_start_.assign(layers() * step_.sequences, kUnwritten);
  slot_save_.assign(layers() * step_.tokens, kUnwritten);
}

void CacheBench::step(const std::vector<uint64_t>& ids) {
  pool_.resize(plan_.pool_bytes);
  make_step(ids);
  freed_.clear();
  // In two calls, as for a model and its speculator.
  uint32_t middle = layers() / 2;
  fill(ids, 0, middle);
  std::vector<int32_t> page_table = page_table_;
  fill(ids, middle, layers());
  EXPECT_EQ(page_table_, page_table) << "differs between layers";
  for (const Claim& orphan : orphans_)
    EXPECT_TRUE(
        std::any_of(freed_.begin(), freed_.end(), [&](auto& range) { return contains(range, orphan.range); }))
        << orphan.kind << " of released sequence " << orphan.sequence << " is not reported as freed";
  orphans_.clear();
  for (uint32_t s = 0; s < ids.size(); ++s) {
    Sequence& sequence = sequences_.at(ids[s]);
    take_pages(s, sequence);
    for (uint32_t layer = 0; layer < layers(); ++layer)
      if (needs_[layer].bytes_per_sequence > 0) take_slots(s, layer, sequence);
  }
  check_claims();
  if (::testing::Test::HasFailure()) return;  // what follows would go astray
  for (auto& [id, sequence] : sequences_) check_memory(id, sequence);
  for (uint64_t id : ids) write_memory(id, sequences_.at(id));
}

void CacheBench::fill(const std::vector<uint64_t>& ids, uint32_t layer_begin, uint32_t layer_end) {
  tenon_cache_tables tables{};
  tables.size = sizeof(tables);
  tables.layer_begin = layer_begin, tables.layer_end = layer_end;
  tables.page_table = page_table_.data();
  tables.slot_start = slot_start_.data() + layer_begin * step_.sequences;
  tables.slot_save = slot_save_.data() + layer_begin * step_.tokens;
  Status status = object_.call(&tenon_cache_manager::fill, &step_, ids.data(), &tables);
  ASSERT_TRUE(status.ok()) << status.error().text;
  take_freed(tables);
  for (uint32_t i = 0; i < tables.copies_count; ++i)
    std::memcpy(pool_.data() + tables.copies[i].to, pool_.data() + tables.copies[i].from,
                tables.copies[i].bytes);
}

// Overwrites what is free: whoever still needs it will miss it.
void CacheBench::take_freed(const tenon_cache_tables& tables) {
  for (uint32_t i = 0; i < tables.freed_count; ++i) {
    tenon_range range = tables.freed[i];
    ASSERT_LE(range.offset + range.bytes, plan_.pool_bytes) << "freed outside the pool";
    for (const tenon_range& other : freed_)
      EXPECT_TRUE(range.offset + range.bytes <= other.offset || other.offset + other.bytes <= range.offset)
          << "bytes from " << range.offset << " are reported as freed twice";
    freed_.push_back(range);
    write(pool_, range, 0xdeaddeaddeaddeadu);
  }
}

void CacheBench::take_pages(uint32_t s, Sequence& sequence) {
  const int32_t* row = page_table_.data() + s * plan_.pages_max;
  uint32_t needed = pages_for(sequence.positions_end);
  ASSERT_LE(needed, plan_.pages_max);
  for (uint32_t i = 0; plan_.page_tokens > 0 && i < needed; ++i)
    EXPECT_GE(row[i], 0) << "page " << i << " of " << needed;
  // Pages for tokens to come may follow, then comes an end.
  uint32_t end = plan_.page_tokens > 0 ? needed : plan_.pages_max;
  while (end < plan_.pages_max && row[end] >= 0) ++end;
  EXPECT_TRUE(end == plan_.pages_max || row[end] == -1) << row[end];
  sequence.pages.assign(row, row + needed);
}

void CacheBench::take_slots(uint32_t s, uint32_t layer, Sequence& sequence) {
  EXPECT_EQ(slot_start_[layer * step_.sequences + s], sequence.current[layer]) << "is not what was committed";
  const int32_t* row = slot_save_.data() + layer * step_.tokens;
  sequence.saves[layer].assign(row + token_start_[s], row + token_start_[s + 1]);
  const std::vector<int32_t>& saves = sequence.saves[layer];
  for (size_t i = 0; i < saves.size(); ++i) {
    if (sequence.phase == TENON_DECODE || i + 1 == saves.size())
      EXPECT_GE(saves[i], 0) << "token " << i << " of " << saves.size() << " has no place for its state";
    else
      EXPECT_EQ(saves[i], -1) << "token " << i << " of a prefill";
  }
}

// Everything a sequence may count on until its next call. The last state of a step may replace the one it
// starts from.
void CacheBench::collect_claims(uint64_t id, const Sequence& sequence, std::vector<Claim>& claims) const {
  for (uint32_t layer = 0; layer < layers(); ++layer) {
    const tenon_placement& place = placements_[layer];
    uint64_t page_bytes = plan_.page_tokens * needs_[layer].bytes_per_token;
    for (int32_t page : sequence.pages)
      if (page_bytes > 0)
        claims.push_back({{place.pages_offset + static_cast<uint64_t>(page) * place.page_stride, page_bytes},
                          id,
                          layer,
                          "page"});
    int32_t current = sequence.current[layer];
    if (current >= 0) claims.push_back({slot_range(layer, current), id, layer, "slot started from"});
    const std::vector<int32_t>& saves = sequence.saves[layer];
    for (size_t i = 0; i < saves.size(); ++i) {
      bool is_in_place = i + 1 == saves.size() && saves[i] == current;
      if (saves[i] >= 0 && !is_in_place)
        claims.push_back({slot_range(layer, saves[i]), id, layer, "saved slot"});
    }
  }
}

void CacheBench::check_claims() const {
  std::vector<Claim> claims;
  for (auto& [id, sequence] : sequences_) collect_claims(id, sequence, claims);
  std::sort(claims.begin(), claims.end(),
            [](const Claim& a, const Claim& b) { return a.range.offset < b.range.offset; });
  for (size_t i = 0; i < claims.size(); ++i) {
    const Claim& claim = claims[i];
    uint64_t end = claim.range.offset + claim.range.bytes;
    EXPECT_LE(end, i + 1 < claims.size() ? claims[i + 1].range.offset : plan_.pool_bytes)
        << claim.kind << " of sequence " << claim.sequence << ", layer " << claim.layer << ", runs into "
        << (i + 1 < claims.size() ? claims[i + 1].kind : "the end");
  }
}

void CacheBench::check_memory(uint64_t id, const Sequence& sequence) const {
  for (uint32_t layer = 0; layer < layers(); ++layer) {
    for (uint64_t p = 0; needs_[layer].bytes_per_token > 0 && p < sequence.kept.size(); ++p)
      EXPECT_TRUE(holds(pool_, token_range(layer, sequence, p), page_value(id, layer, p, sequence.kept[p])))
          << "position " << p << " of sequence " << id << ", layer " << layer << ", is lost";
    if (needs_[layer].bytes_per_sequence == 0 || sequence.kept.empty()) continue;
    uint64_t state = state_value(sequence, id, layer, sequence.kept.size());
    EXPECT_TRUE(holds(pool_, slot_range(layer, sequence.current[layer]), state))
        << "state of sequence " << id << ", layer " << layer << ", is lost";
  }
}

void CacheBench::write_memory(uint64_t id, const Sequence& sequence) {
  for (uint32_t layer = 0; layer < layers(); ++layer)
    for (size_t i = 0; i < sequence.coming.size(); ++i) {
      uint64_t p = sequence.kept.size() + i;
      if (needs_[layer].bytes_per_token > 0)
        write(pool_, token_range(layer, sequence, p), page_value(id, layer, p, sequence.coming[i]));
      if (needs_[layer].bytes_per_sequence > 0 && sequence.saves[layer][i] >= 0)
        write(pool_, slot_range(layer, sequence.saves[layer][i]), state_value(sequence, id, layer, p + 1));
    }
}

Status CacheBench::commit(uint64_t id, uint32_t tokens) {
  TENON_TRY(object_.call(&tenon_cache_manager::commit, id, tokens));
  Sequence& sequence = sequences_.at(id);
  for (uint32_t layer = 0; layer < layers(); ++layer) {
    if (!sequence.saves[layer].empty()) sequence.current[layer] = sequence.saves[layer].at(tokens - 1);
    sequence.saves[layer].clear();
  }
  sequence.kept.insert(sequence.kept.end(), sequence.coming.begin(), sequence.coming.begin() + tokens);
  sequence.coming.clear();
  sequence.pages.resize(pages_for(sequence.kept.size()));
  return ok();
}

void CacheBench::release(uint64_t id) {
  object_.table().release(object_.self(), id);
  auto found = sequences_.find(id);
  if (found == sequences_.end()) return;
  collect_claims(id, found->second, orphans_);
  sequences_.erase(found);
}

Status CacheBench::start(uint64_t id, uint32_t tokens, uint64_t positions_max) {
  TENON_TRY(admit(id, tokens, positions_max));
  TENON_TRY(reserve(id, tokens, TENON_PREFILL));
  step({id});
  return commit(id, tokens);
}

uint32_t CacheBench::room_for(uint32_t tokens) {
  constexpr uint64_t kFirst = uint64_t{1} << 40;
  uint64_t id = kFirst;
  while (admit(id, tokens, tokens).ok() && reserve(id, tokens, TENON_PREFILL).ok()) ++id;
  for (uint64_t used = kFirst; used <= id; ++used) release(used);
  return static_cast<uint32_t>(id - kFirst);
}

uint32_t CacheBench::pages_for(uint64_t positions) const {
  if (plan_.page_tokens == 0) return 0;
  return static_cast<uint32_t>((positions + plan_.page_tokens - 1) / plan_.page_tokens);
}

tenon_range CacheBench::slot_range(uint32_t layer, int32_t slot) const {
  const tenon_placement& place = placements_[layer];
  return {place.slots_offset + static_cast<uint64_t>(slot) * place.slot_stride,
          needs_[layer].bytes_per_sequence};
}

tenon_range CacheBench::token_range(uint32_t layer, const Sequence& sequence, uint64_t position) const {
  const tenon_placement& place = placements_[layer];
  uint64_t page = static_cast<uint64_t>(sequence.pages.at(position / plan_.page_tokens)),
           bytes = needs_[layer].bytes_per_token;
  return {place.pages_offset + page * place.page_stride + position % plan_.page_tokens * bytes, bytes};
}

void expect_refused(const Status& status, tenon_status code, const std::string& text) {
  ASSERT_FALSE(status.ok()) << text;
  EXPECT_EQ(status.error().code, code) << status.error().text;
  EXPECT_EQ(status.error().text, "test: " + text);
}

}  // namespace tenon::testing
