// Speculation after a step: the speculator learns what the step computed and guesses what comes next. The
// guesses cost time, and can never change a token: the model verifies them in the next step (rule D4).
#pragma once
#include <tenon/engine/draft_length.hpp>
#include <tenon/engine/executor.hpp>
#include <tenon/engine/sequence.hpp>

namespace tenon {

class Drafting {
 public:
  Drafting(const Assembly& assembly, Executor& executor);

  // A sequence of the step. Its memory is reserved already.
  struct Member {
    Sequence* sequence;
    uint32_t first;    // position of its first token in the step
    uint32_t row;      // of that token in the hidden states
    bool is_finished;  // whether it needs no guesses; what it leaves for others has to be learned all the same
  };
  // Sets the drafts of each, at most `length`. The executor still holds the hidden states of the step.
  Status learn(std::span<const Member> members, uint32_t length);

 private:
  void add_pairs(const Member& member);
  uint32_t wanted(const Member& member, uint32_t length) const;
  Status propose(uint32_t count);
  void keep_hidden(const Member& member);

  const Assembly& assembly_;
  Executor& executor_;
  Batch batch_;
  std::vector<float> hidden_;                        // [T, D] one row per pair
  std::vector<Work> pairs_;                          // [S]
  std::vector<Sequence*> sequences_;                 // [S] of pairs_
  std::vector<std::span<const int32_t>> histories_;  // [S] tokens known
  std::vector<int32_t> proposed_;                    // [S, drafts]
  uint32_t tokens_ = 0;                              // in pairs_
};

}  // namespace tenon
