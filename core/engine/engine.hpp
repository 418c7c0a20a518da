// The engine: requests in, tokens out. Every step takes some tokens of several sequences through the model at
// once. One thread calls everything; events arrive on it, during step().
#pragma once
#include <tenon/engine/executor.hpp>
#include <tenon/engine/sampler.hpp>
#include <tenon/engine/scheduler.hpp>

namespace tenon {

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

 private:
  Engine(const Assembly& assembly, std::unique_ptr<Executor> executor);

  Status compute(std::span<const Work> work);
  Status sample();
  void accept(Sequence& sequence, int32_t token);
  void end(std::unique_ptr<Sequence> sequence, int32_t token, FinishReason reason, const std::string& error);
  void end_cancelled();

  const Assembly& assembly_;
  std::unique_ptr<Executor> executor_;
  Scheduler scheduler_;
  Batch batch_;
  Sampler sampler_;
  std::vector<uint64_t> cancelled_;
  std::vector<Scheduler::Failure> failed_;
  std::vector<int32_t> rows_;         // of the step, whose logits are wanted
  std::vector<uint64_t> row_owners_;  // sequence of each
  uint64_t last_id_ = 0;
};

}  // namespace tenon
