// Which sequences take part in the next step, and with how many tokens each.
//
// Every running sequence decodes one token; what is left of the step's budget prefills, oldest request first. A
// prefill is cut only at multiples of chunk_tokens (rule D2). A waiting request is admitted when the cache has
// room for it.
#pragma once
#include <tenon/engine/cache.hpp>
#include <tenon/engine/sequence.hpp>

#include <deque>
#include <list>

namespace tenon {

class Scheduler {
 public:
  Scheduler(const tenon_limits& limits, uint32_t chunk_tokens, Cache& cache)
      : limits_(limits), chunk_tokens_(chunk_tokens), cache_(cache) {}

  void add(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
  // Takes a sequence out, wherever it is; gives its memory back.
  std::unique_ptr<Sequence> remove(uint64_t id);
  Sequence* find(uint64_t id);
  bool has_work() const { return !waiting_.empty() || !running_.empty(); }

  // The work of the next step, its memory reserved. Sequences that can never go on are removed into `failed`
  // with the reason. Empty only if there is nothing to do, or all that was left has failed.
  struct Failure {
    std::unique_ptr<Sequence> sequence;
    std::string reason;
  };
  std::span<const Work> choose(std::vector<Failure>& failed);

 private:
  void choose_running(int32_t phase);
  void admit_waiting(std::vector<Failure>& failed);
  bool add_work(Sequence& sequence);
  uint32_t prefill_tokens(const Sequence& sequence) const;

  const tenon_limits limits_;
  const uint32_t chunk_tokens_;
  Cache& cache_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::list<std::unique_ptr<Sequence>> running_;  // oldest first
  std::vector<Work> work_;
  uint32_t budget_ = 0;  // tokens left in the step being chosen
};

}  // namespace tenon
