// Which sequences take part in the next step, and with how many tokens each.
//
// Every running sequence decodes; what is left of the step's budget computes prompts, and what a preempted
// sequence had generated, oldest first. A prefill is cut only at multiples of chunk_tokens (rule D2). A waiting
// request is admitted when the cache has room for it, by priority and time of waiting. When a sequence needs
// memory and there is none, the youngest gives all of its own back and waits again: later its prompt is
// prefilled and its answer decoded once more (rule D5).
#pragma once
#include <tenon/engine/cache.hpp>
#include <tenon/engine/sequence.hpp>

#include <deque>
#include <list>
#include <unordered_map>

namespace tenon {

class Scheduler {
 public:
  // So many steps of waiting make up for one level of priority, so that nobody waits for ever.
  static constexpr uint64_t kStepsPerPriority = 64;

  Scheduler(const tenon_limits& limits, uint32_t chunk_tokens, Cache& cache)
      : limits_(limits), chunk_tokens_(chunk_tokens), cache_(cache) {}

  void add(std::unique_ptr<Sequence> sequence);
  // Takes a sequence out, wherever it is; gives its memory back.
  std::unique_ptr<Sequence> remove(uint64_t id);
  Sequence* find(uint64_t id);
  std::vector<uint64_t> ids() const;
  bool has_work() const { return !waiting_.empty() || !running_.empty(); }
  size_t waiting() const { return waiting_.size(); }
  size_t running() const { return running_.size(); }
  uint64_t preemptions() const { return preemptions_; }

  // The work of the next step, its memory reserved. Sequences that can never go on are removed into `failed`
  // with the reason. Empty only if there is nothing to do, or all that was left has failed.
  struct Failure {
    std::unique_ptr<Sequence> sequence;
    std::string reason;
  };
  std::span<const Work> choose(std::vector<Failure>& failed);

 private:
  void choose_decodes();
  void choose_prompts();
  void admit_waiting(std::vector<Failure>& failed);
  std::deque<std::unique_ptr<Sequence>>::iterator first_waiting();
  bool preempt_youngest(const Sequence& beneficiary);
  bool add_work(Sequence& sequence);
  bool add_decode(Sequence& sequence, uint32_t drafts);
  bool add_tokens(Sequence& sequence, uint32_t count, int32_t phase);
  uint32_t prefill_tokens(const Sequence& sequence) const;
  uint32_t extra_pairs(const Sequence& sequence) const;
  bool is_chosen(uint64_t id) const;

  const tenon_limits limits_;
  const uint32_t chunk_tokens_;
  Cache& cache_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::list<std::unique_ptr<Sequence>> running_;   // in the order of their admission
  std::unordered_map<uint64_t, Sequence*> by_id_;  // of both
  std::vector<Work> work_;
  uint32_t budget_ = 0;  // tokens left in the step being chosen
  uint64_t steps_ = 0, preemptions_ = 0;
};

}  // namespace tenon
