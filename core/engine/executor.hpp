// Runs steps: cache tables, model, logits. It owns the step's memory and knows nothing of requests.
#pragma once
#include <tenon/engine/cache.hpp>

namespace tenon {

class Executor {
 public:
  // Takes pool and arenas for the assembly's limits. Fails with TENON_OUT_OF_MEMORY.
  static Result<std::unique_ptr<Executor>> make(const Assembly& assembly);

  Cache& cache() { return cache_; }
  // Time spent in the model, its head and the speculator so far.
  double model_seconds() const { return model_seconds_; }

  // Runs the model over a batch whose sequences have all reserved. hidden() is filled; nothing is committed.
  Status run(const Batch& batch);
  // Normed hidden states of the last run, [T, D].
  Matrix hidden() const { return hidden_; }
  // Logits of rows of the last run, at most so many; [rows, V], valid until the next call.
  Result<Matrix> logits(std::span<const int32_t> rows);
  // One per sequence and draft.
  uint32_t logit_rows_max() const;

  // Lets the speculator learn pairs (see tenon_draft) and guess `count` tokens per sequence into proposed [S,
  // count]. hidden: [T, D], the model's, one row per pair. REQUIRES: the assembly has a speculator.
  Status propose(const Batch& pairs, Matrix hidden, std::span<const std::span<const int32_t>> histories,
                 uint32_t count, int32_t* proposed);

 private:
  Executor(const Assembly& assembly, Cache cache) : assembly_(assembly), cache_(std::move(cache)) {}
  Status allocate();
  tenon_step with_workspace(const Batch& batch) const;
  template <class Body>
  Status timed(Body&& body);

  const Assembly& assembly_;
  Cache cache_;
  AlignedBuffer workspace_, hidden_memory_, logits_memory_;
  Matrix hidden_;
  double model_seconds_ = 0;
  std::vector<const int32_t*> histories_;  // [S] as the speculator sees them
  std::vector<uint32_t> history_lengths_;  // [S]
};

}  // namespace tenon
