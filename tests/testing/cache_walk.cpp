// The random walk of cache_bench.hpp.
#include "cache_bench.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tenon::testing {
namespace {

class Walk {
 public:
  Walk(CacheBench& bench, uint32_t seed) : bench_(bench), random_(seed) {}

  WalkCounts run(uint32_t operations) {
    for (uint32_t i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      uint32_t choice = below(10);
      if (choice < 2) admit();
      if (choice == 2) release_one();
      if (choice > 2) step();
    }
    while (!bench_.sequences().empty()) release_one();
    return counts_;
  }

 private:
  // A number in [0, count).
  uint32_t below(uint64_t count) { return static_cast<uint32_t>(random_() % count); }

  bool is_refused(const Status& status, uint32_t& count) {
    if (status.ok()) return false;
    EXPECT_EQ(status.error().code, TENON_OUT_OF_MEMORY) << status.error().text;
    return ++count, true;
  }

  void admit() {
    if (bench_.sequences().size() >= 2 * bench_.limits().sequences_max) return;
    uint32_t tokens = 1 + below(bench_.limits().context_max * 2 / 3);
    uint64_t positions = tokens + 1 + below(bench_.limits().context_max - tokens);
    if (!is_refused(bench_.admit(++last_id_, tokens, positions), counts_.not_admitted)) ++counts_.admitted;
  }

  uint64_t any_sequence() {
    return std::next(bench_.sequences().begin(), below(bench_.sequences().size()))->first;
  }

  void release_one() {
    if (bench_.sequences().empty()) return;
    bench_.release(any_sequence());
    ++counts_.ended;
  }

  // Returns whether the sequence has tokens to compute: new ones, or those reserved earlier where there is no
  // room.
  bool reserve(uint64_t id) {
    const CacheBench::Sequence& sequence = bench_.sequences().at(id);
    uint64_t left = sequence.positions_max - sequence.kept.size();
    bool is_prefill = sequence.is_prefilling();
    uint32_t tokens = is_prefill ? 1 + below(sequence.prompt.size() - sequence.kept.size())
                                 : 1 + below(std::min<uint64_t>(left, bench_.limits().draft_tokens_max + 1));
    uint32_t more = below(std::min<uint64_t>(left - tokens, 3) + 1);
    bool has_reserved = !sequence.coming.empty();
    if (is_refused(bench_.reserve(id, tokens, is_prefill ? TENON_PREFILL : TENON_DECODE, more),
                   counts_.not_reserved))
      return has_reserved;
    counts_.replaced += has_reserved;
    return true;
  }

  // Some of the sequences reserve; some of those are in the step.
  void step() {
    std::vector<uint64_t> all, chosen;
    for (auto& [id, sequence] : bench_.sequences()) all.push_back(id);
    std::shuffle(all.begin(), all.end(), random_);
    for (uint64_t id : all) {
      const CacheBench::Sequence& sequence = bench_.sequences().at(id);
      if (sequence.kept.size() == sequence.positions_max) {
        bench_.release(id), ++counts_.ended;
      } else if (below(4) > 0 && reserve(id) && below(8) > 0 && chosen.size() < bench_.limits().sequences_max) {
        chosen.push_back(id);
      }
    }
    if (!chosen.empty() && below(10) == 0) {
      bench_.release(chosen.back()), ++counts_.ended;
      chosen.pop_back();
    }
    if (chosen.empty()) return;
    bench_.step(chosen);
    ++counts_.steps;
    for (uint64_t id : chosen) keep_some(id);
  }

  void keep_some(uint64_t id) {
    const CacheBench::Sequence& sequence = bench_.sequences().at(id);
    uint32_t tokens = static_cast<uint32_t>(sequence.coming.size());
    if (below(30) == 0) {
      bench_.release(id), ++counts_.ended;
      return;
    }
    uint32_t kept = sequence.phase == TENON_PREFILL ? tokens : 1 + below(tokens);
    counts_.rejected_drafts += tokens - kept;
    Status status = bench_.commit(id, kept);
    EXPECT_TRUE(status.ok()) << status.error().text;
  }

  CacheBench& bench_;
  std::mt19937 random_;
  uint64_t last_id_ = 0;
  WalkCounts counts_;
};

}  // namespace

WalkCounts random_walk(CacheBench& bench, uint32_t seed, uint32_t operations) {
  return Walk(bench, seed).run(operations);
}

}  // namespace tenon::testing
