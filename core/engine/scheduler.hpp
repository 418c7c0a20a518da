// Which sequences take part in the next step, and with how many tokens each.
//
// Every running sequence decodes; what is left of the step's budget computes prompts, and what a preempted
// sequence had generated, oldest first. A prefill is cut only at multiples of chunk_tokens (rule D2). A waiting
// request is admitted when the cache has room for it, by priority and time of waiting. When a sequence needs
// memory and there is none, the youngest gives all of its own back and waits again: later its prompt is
// prefilled and its answer decoded once more (rule D5).
//
// What a sequence needs for its steps is allocated when it is admitted. Nothing here throws.
#pragma once
#include <tenon/engine/cache.hpp>
#include <tenon/engine/sequence.hpp>

namespace tenon {

class Scheduler {
 public:
  // So many steps of waiting make up for one level of priority, so that nobody waits for ever.
  static constexpr uint64_t kStepsPerPriority = 64;

  // model_dim: of the hidden states that drafting keeps.
  Scheduler(const tenon_limits& limits, uint32_t chunk_tokens, uint32_t model_dim, Cache& cache);

  void add(Sequences arrivals);
  // Takes out a sequence of the step; gives its memory back.
  Sequences take(const Sequence& sequence);
  // Marks what is to end. Unknown ids are ignored. Takes time in proportion to the requests there are.
  void cancel(uint64_t id);
  Sequences take_cancelled();
  Sequences take_all();
  // Those whose time is over.
  Sequences take_late(std::chrono::steady_clock::time_point now);

  bool has_work() const { return !waiting_.empty() || !running_.empty(); }
  size_t waiting() const { return waiting_.size(); }
  size_t running() const { return running_.size(); }
  uint64_t preemptions() const { return preemptions_; }

  // The work of the next step, its memory reserved. Sequences that can never go on are moved to `failed`, with
  // the reason. Empty only if there is nothing to do, or all that was left has failed.
  std::span<const Work> choose(Sequences& failed);
  // Whose work it is, in the same order.
  std::span<Sequence* const> chosen() const { return chosen_; }

 private:
  template <class Condition>
  Sequences take_if(Condition&& condition);
  void choose_decodes();
  void choose_prompts();
  void admit_waiting(Sequences& failed);
  Result<uint32_t> admit(Sequence& sequence);
  Sequences::iterator first_waiting();
  bool preempt_youngest(const Sequence& beneficiary);
  bool add_work(Sequence& sequence);
  bool add_decode(Sequence& sequence, uint32_t drafts);
  bool add_tokens(Sequence& sequence, uint32_t count, int32_t phase);
  uint32_t prefill_tokens(const Sequence& sequence) const;
  uint32_t extra_pairs(const Sequence& sequence) const;
  bool is_chosen(const Sequence& sequence) const;

  const tenon_limits limits_;
  const uint32_t chunk_tokens_, model_dim_;
  Cache& cache_;
  Sequences waiting_;
  Sequences running_;              // in the order of their admission
  std::vector<Work> work_;         // [S]
  std::vector<Sequence*> chosen_;  // [S]
  uint32_t budget_ = 0;            // tokens left in the step being chosen
  uint64_t steps_ = 0, preemptions_ = 0;
  bool has_cancelled_ = false;  // whether some sequence is marked
  // No deadline is before this one.
  std::chrono::steady_clock::time_point earliest_deadline_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace tenon
