// The arrays of a step. Allocated once, for the largest step; filling one allocates nothing.
#pragma once
#include <tenon/model/assembly.hpp>

namespace tenon {

// What one sequence does in a step.
struct Work {
  uint64_t sequence;
  const int32_t* tokens;  // [count]
  uint32_t count;
  uint32_t first;        // position of the first token
  int32_t phase;         // TENON_PREFILL or TENON_DECODE
  bool all_kept = true;  // whether none of the tokens is a guess
};

class Batch {
 public:
  explicit Batch(const Assembly& assembly);

  // REQUIRES: the work fits the assembly's limits. context_first: see tenon_step.
  void fill(std::span<const Work> work, int32_t context_first = 0);

  // The step without workspace.
  const tenon_step& step() const { return step_; }
  const int32_t* tokens() const { return tokens_.data(); }                                // [T]
  std::span<const uint64_t> sequences() const { return {ids_.data(), step_.sequences}; }  // [S]

 private:
  const Model& model_;
  tenon_step step_{};
  std::vector<uint64_t> ids_;  // [S]
  std::vector<int32_t> tokens_, positions_, token_start_, phase_, context_first_, context_length_;
  std::vector<float> cosines_, sines_;  // [T, rotary_pairs]
};

}  // namespace tenon
