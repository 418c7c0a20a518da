// A world for the manager's tests: a pool in which every token leaves the hash of all that came before it, so
// that a page or a state that is stale, lost, shared by mistake or made by a decode is seen at the next step.
#pragma once
#include "manager.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

namespace tenon::hybrid_paged {

class World {
 public:
  static constexpr uint32_t kChunk = 8, kLayers = 3;  // recurrent, paged, recurrent

  struct Member {
    std::vector<int32_t> tokens;
    uint32_t prompt = 0, computed = 0, reused = 0;
  };

  World(const Settings& settings, uint64_t pool_bytes, uint32_t context_max = 200)
      : manager_(settings), reuses_decoded_(settings.reuse_decoded) {
    limits_.sequences_max = 8, limits_.context_max = context_max, limits_.draft_tokens_max = 3;
    std::vector<tenon_needs> needs(kLayers);
    for (uint32_t layer : {0u, 2u}) needs[layer].bytes_per_sequence = 64, needs[layer].chunk_tokens = kChunk;
    needs[1].bytes_per_token = sizeof(uint64_t), needs[1].chunk_tokens = 1;
    std::vector<tenon_placement> places(kLayers);
    auto planned = manager_.plan(limits_, needs, pool_bytes, places);
    status_ = planned.ok() ? "" : planned.error().text;
    if (!planned.ok()) return;
    plan_ = planned.value(), places_ = places;
    pool_.resize(plan_.pool_bytes / sizeof(uint64_t));
  }

  // "" unless something was wrong since the start.
  const std::string& status() const { return status_; }
  Manager& manager() { return manager_; }
  std::map<uint64_t, Member>& members() { return members_; }

  bool admit(uint64_t id, const std::vector<int32_t>& prompt, uint64_t salt = 0) {
    tenon_admission admission{};
    admission.tokens = static_cast<uint32_t>(prompt.size()), admission.token_ids = prompt.data();
    admission.salt = salt,
    admission.max_positions = std::min<uint64_t>(prompt.size() + 60, limits_.context_max);
    auto computed = manager_.admit(id, admission);
    if (!computed.ok()) return false;
    if (computed.value() >= prompt.size()) fail("nothing is left to compute");
    members_[id] = {prompt, admission.tokens, computed.value(), computed.value()};
    salts_[id] = salt;
    return true;
  }

  // One step of one sequence: `count` tokens, of which `kept` are committed. False if there is no room.
  bool step(uint64_t id, uint32_t count, uint32_t kept, bool all_kept = false) {
    Member& member = members_.at(id);
    int32_t phase = member.computed < member.prompt ? TENON_PREFILL : TENON_DECODE;
    while (member.tokens.size() < member.computed + count)
      member.tokens.push_back(static_cast<int32_t>(++fresh_));
    tenon_reservation reservation{};
    reservation.tokens = count, reservation.first = member.computed;
    reservation.positions_end = member.computed + count, reservation.phase = phase,
    reservation.all_kept = all_kept;
    reservation.token_ids = member.tokens.data() + member.computed;
    if (!manager_.reserve(id, reservation).ok()) return false;
    run(id, member, count, phase);
    Status committed = manager_.commit(id, kept);
    if (!committed.ok()) fail(committed.error().text);
    member.computed += kept;
    member.tokens.resize(std::max(member.computed, member.prompt));
    check();
    return true;
  }

  void prefill(uint64_t id) {
    Member& member = members_.at(id);
    uint32_t left = member.prompt - member.computed;
    if (!step(id, left, left)) fail("no room for a prefill");
  }

  void release(uint64_t id, bool discard = false) {
    discard ? manager_.discard(id) : manager_.release(id);
    members_.erase(id);
    check();
  }

  void check() {
    Status status = manager_.check();
    if (!status.ok()) fail(status.error().text);
  }

 private:
  static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 29);
  }
  // What a layer knows after so many of the member's tokens. How a token was computed is part of it, unless the
  // manager may take one for the other.
  uint64_t knowledge(uint64_t id, uint32_t layer, uint32_t tokens) const {
    const Member& member = members_.at(id);
    uint64_t hash = mix(layer + 1, salts_.at(id));
    for (uint32_t i = 0; i < tokens; ++i)
      hash =
          mix(mix(hash, static_cast<uint64_t>(member.tokens[i])), i < member.prompt || reuses_decoded_ ? 1 : 2);
    return hash;
  }
  uint64_t& at(uint64_t byte) { return pool_[byte / sizeof(uint64_t)]; }
  uint64_t& slot(uint32_t layer, int32_t index) {
    return at(places_[layer].slots_offset + uint64_t(index) * places_[layer].slot_stride);
  }
  uint64_t& token(const std::vector<int32_t>& pages, uint32_t position) {
    return at(places_[1].pages_offset + uint64_t(pages[position / plan_.page_tokens]) * places_[1].page_stride +
              position % plan_.page_tokens * sizeof(uint64_t));
  }
  void fail(const std::string& text) {
    if (status_.empty()) status_ = text;
  }

  void run(uint64_t id, const Member& member, uint32_t count, int32_t phase) {
    int32_t token_start[] = {0, static_cast<int32_t>(count)};
    tenon_step step{};
    step.tokens = count, step.sequences = 1, step.token_start = token_start, step.phase = &phase;
    std::vector<int32_t> pages(plan_.pages_max), starts(kLayers), saves(kLayers * count, -1);
    tenon_cache_tables tables{};
    tables.layer_end = kLayers;
    tables.page_table = pages.data(), tables.slot_start = starts.data(), tables.slot_save = saves.data();
    Status filled = manager_.fill(step, {&id, 1}, tables);
    if (!filled.ok()) return fail(filled.error().text);
    for (uint32_t i = 0; i < tables.freed_count; ++i)
      std::memset(&at(tables.freed[i].offset), 0xfa, tables.freed[i].bytes);
    for (uint32_t i = 0; i < tables.copies_count; ++i)
      std::memcpy(&at(tables.copies[i].to), &at(tables.copies[i].from), tables.copies[i].bytes);
    read(id, member, pages, starts);
    for (uint32_t i = 0; i < count; ++i) {
      token(pages, member.computed + i) = knowledge(id, 1, member.computed + i + 1);
      for (uint32_t layer : {0u, 2u})
        if (int32_t save = saves[layer * count + i]; save >= 0)
          slot(layer, save) = knowledge(id, layer, member.computed + i + 1);
    }
  }

  void read(uint64_t id, const Member& member, const std::vector<int32_t>& pages,
            const std::vector<int32_t>& starts) {
    for (uint32_t p = 0; p < member.computed; ++p)
      if (token(pages, p) != knowledge(id, 1, p + 1))
        fail("position " + std::to_string(p) + " is not what it was");
    for (uint32_t layer : {0u, 2u}) {
      bool is_new = starts[layer] < 0;
      if (is_new != (member.computed == 0)) fail("a state is missing, or there before the first token");
      if (!is_new && slot(layer, starts[layer]) != knowledge(id, layer, member.computed))
        fail("a state is another's");
    }
  }

  Manager manager_;
  bool reuses_decoded_;
  tenon_limits limits_{};
  tenon_cache_plan plan_{};
  std::vector<tenon_placement> places_;
  std::vector<uint64_t> pool_;
  std::map<uint64_t, Member> members_;
  std::map<uint64_t, uint64_t> salts_;
  uint64_t fresh_ = 1000;
  std::string status_;
};

inline constexpr uint64_t kAmple = 1 << 20;
inline const Settings kCaching{5, true, kAmple / 2, 64};

inline std::vector<int32_t> numbers(int32_t from, uint32_t count) {
  std::vector<int32_t> tokens(count);
  for (uint32_t i = 0; i < count; ++i) tokens[i] = from + static_cast<int32_t>(i);
  return tokens;
}

inline std::vector<int32_t> joined(std::vector<int32_t> a, const std::vector<int32_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// Admits, prefills and releases; returns how many tokens it began with.
inline uint32_t serve(World& world, const std::vector<int32_t>& prompt, uint64_t salt = 0) {
  static uint64_t last_id = 0;
  EXPECT_TRUE(world.admit(++last_id, prompt, salt));
  uint32_t reused = world.members().at(last_id).reused;
  world.prefill(last_id);
  EXPECT_TRUE(world.step(last_id, 3, 2));
  world.release(last_id);
  EXPECT_EQ(world.status(), "");
  return reused;
}

}  // namespace tenon::hybrid_paged
