// A cache manager taken through its C table. Everything that tenon_cache_manager.h promises is checked at each
// step: by what the tables say, and by memory in which every token leaves what a model would have left there.
#pragma once
#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_cache_manager.h>

namespace tenon::testing {

tenon_needs cache_needs(uint64_t bytes_per_token, uint64_t bytes_per_sequence);
tenon_limits cache_limits(uint32_t sequences_max, uint32_t context_max, uint32_t draft_tokens_max = 4);

class CacheBench {
 public:
  struct Sequence {
    std::vector<int32_t> prompt;
    uint64_t positions_max = 0;
    std::vector<uint64_t> kept, coming;  // tokens: committed, and of the reservation
    int32_t phase = TENON_PREFILL;
    uint32_t positions_end = 0;
    std::vector<int32_t> pages;               // that the manager must not take away
    std::vector<int32_t> current;             // [layers] the slot that the last commit chose, or -1
    std::vector<std::vector<int32_t>> saves;  // [layers][coming] of the step between reserve and commit

    bool is_prefilling() const { return kept.size() < prompt.size(); }
  };

  explicit CacheBench(const std::map<std::string, ConfigValue>& config = {});

  // The calls of the table. A failed one leaves the bench as it was, as it must leave the manager.
  Status plan(const tenon_limits& limits, std::vector<tenon_needs> needs, uint64_t pool_bytes_max);
  Status admit(uint64_t id, uint32_t tokens, uint64_t positions_max);
  // The sequence's next tokens; pages must reach `positions_more` further.
  Status reserve(uint64_t id, uint32_t tokens, int32_t phase, uint32_t positions_more = 0);
  // Fills the tables for these sequences, checks them, and lets each token read and write as a model would.
  void step(const std::vector<uint64_t>& ids);
  Status commit(uint64_t id, uint32_t tokens);
  void release(uint64_t id);

  // admit, one whole prefill, commit.
  Status start(uint64_t id, uint32_t tokens, uint64_t positions_max);
  // How many further sequences of so many tokens have room. They are gone afterwards.
  uint32_t room_for(uint32_t tokens);

  const tenon_limits& limits() const { return limits_; }
  const tenon_cache_plan& layout() const { return plan_; }
  const std::vector<tenon_placement>& placements() const { return placements_; }
  const std::map<uint64_t, Sequence>& sequences() const { return sequences_; }
  // Ranges given back, as the last step was told.
  const std::vector<tenon_range>& freed() const { return freed_; }

 private:
  struct Claim {
    tenon_range range;
    uint64_t sequence;
    uint32_t layer;
    const char* kind;
  };

  void make_step(const std::vector<uint64_t>& ids);
  void fill(const std::vector<uint64_t>& ids, uint32_t layer_begin, uint32_t layer_end);
  void take_freed(const tenon_cache_tables& tables);
  void take_pages(uint32_t s, Sequence& sequence);
  void take_slots(uint32_t s, uint32_t layer, Sequence& sequence);
  void collect_claims(uint64_t id, const Sequence& sequence, std::vector<Claim>& claims) const;
  void check_claims() const;
  // Both visit what the sequence has in memory, or is about to have.
  void check_memory(uint64_t id, const Sequence& sequence) const;
  void write_memory(uint64_t id, const Sequence& sequence);

  uint32_t layers() const { return static_cast<uint32_t>(needs_.size()); }
  uint32_t pages_for(uint64_t positions) const;
  tenon_range slot_range(uint32_t layer, int32_t slot) const;
  tenon_range token_range(uint32_t layer, const Sequence& sequence, uint64_t position) const;

  TestHost host_;
  PluginObject<tenon_cache_manager> object_;
  tenon_limits limits_{};
  std::vector<tenon_needs> needs_;
  tenon_cache_plan plan_{};
  std::vector<tenon_placement> placements_;
  std::vector<std::byte> pool_;
  std::map<uint64_t, Sequence> sequences_;
  uint64_t last_token_ = 0;
  tenon_step step_{};
  std::vector<int32_t> positions_, token_start_, phase_, context_length_;
  std::vector<int32_t> page_table_, slot_start_, slot_save_;  // slots: [layers, S], [layers, T]
  std::vector<tenon_range> freed_;
  std::vector<Claim> orphans_;  // of released sequences, since the last step
};

// The call has failed with this code, and this text after the bench's name.
void expect_refused(const Status& status, tenon_status code, const std::string& text);

// What a random walk came across.
struct WalkCounts {
  uint32_t steps = 0, admitted = 0, not_admitted = 0, not_reserved = 0, replaced = 0, rejected_drafts = 0,
           ended = 0;
};

// So many operations chosen by the seed: admissions, prefills in pieces, decodes with drafts of which some are
// kept, reservations replaced or never used, releases at any moment. Leaves no sequence behind.
WalkCounts random_walk(CacheBench& bench, uint32_t seed, uint32_t operations);

}  // namespace tenon::testing
