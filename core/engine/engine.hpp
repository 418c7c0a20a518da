// The engine: requests in, tokens out. Every step takes some tokens of several sequences through the model at
// once. One thread calls everything; events arrive on it, during step().
#pragma once
#include <tenon/engine/drafting.hpp>
#include <tenon/engine/executor.hpp>
#include <tenon/engine/sampler.hpp>
#include <tenon/engine/scheduler.hpp>

namespace tenon {

// Counts since the engine was made.
struct EngineStats {
  uint64_t steps = 0, prompt_tokens = 0, output_tokens = 0;
  uint64_t drafted = 0, accepted = 0;  // tokens guessed, and those of them that the model would have chosen too
  uint64_t preemptions = 0, numerical_errors = 0;
};

class Engine {
 public:
  // `assembly` must outlive the engine.
  static Result<std::unique_ptr<Engine>> make(const Assembly& assembly);

  // Takes a request; its events go to on_event. Fails if it could never be served: an empty prompt, a token id
  // beyond the vocabulary, a prompt that leaves no room in the context.
  Result<uint64_t> submit(Request request, EventHandler on_event);

  // The request ends within the next step, with reason kCancelled. Unknown ids are ignored. May be called from
  // on_event.
  void cancel(uint64_t request);

  // Computes one step. Returns false if there was nothing to do. A failure of a plugin ends the requests of
  // that step.
  bool step();
  // Steps until nothing is left.
  void run();

  EngineStats stats() const;
  tenon_cache_stats cache_stats() const { return executor_->cache().stats(); }
  // Whether all memory is accounted for. Slow; for tests and idle times.
  Status check() const { return executor_->cache().check(); }

 private:
  Engine(const Assembly& assembly, std::unique_ptr<Executor> executor);

  // One sequence's part of a step, and where its logits are.
  struct Part {
    uint64_t sequence;
    uint32_t first, count;       // positions
    uint32_t row;                // of its first token in the step
    uint32_t logits, rows_read;  // its rows among those that logits were computed for
  };

  Status compute(std::span<const Work> work);
  Status verify();
  uint32_t verify(Sequence& sequence, const Part& part, Matrix logits);
  Status speculate();
  struct Draw {
    int32_t token;
    double logprob;  // 0 if nobody wants it
  };
  Draw draw(Sequence& sequence, std::span<float> row);
  bool accept(Sequence& sequence, const Draw& drawn);
  void end(std::unique_ptr<Sequence> sequence, FinishReason reason, const std::string& error);
  void end_numerical(uint64_t id);
  void end_cancelled();
  void fail_step(std::span<const Work> work, const std::string& error);

  const Assembly& assembly_;
  std::unique_ptr<Executor> executor_;
  Scheduler scheduler_;
  Batch batch_;
  Sampler sampler_;
  std::unique_ptr<Drafting> drafting_;  // NULL if nothing is guessed
  DraftLength draft_length_;
  std::vector<uint64_t> cancelled_, ending_;
  std::vector<Scheduler::Failure> failed_;
  std::vector<Part> parts_;
  std::vector<int32_t> rows_;  // of the step, whose logits are wanted
  std::vector<Drafting::Member> members_;
  std::vector<int32_t> drafts_;  // of the sequence being verified
  std::vector<float> logits_;    // [V] a row as the model gave it
  EngineStats stats_;
  uint64_t last_id_ = 0;
};

}  // namespace tenon
