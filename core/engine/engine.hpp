// The engine: requests in, tokens out. Every step takes some tokens of several sequences through the model at
// once. One thread calls everything but prepare; events arrive on it, during step(). AsyncEngine brings a
// thread along. Where the program runs out of memory, requests end with an error; the engine goes on, and only
// making it throws.
#pragma once
#include <tenon/engine/drafting.hpp>
#include <tenon/engine/engine_stats.hpp>
#include <tenon/engine/executor.hpp>
#include <tenon/engine/sampler.hpp>
#include <tenon/engine/scheduler.hpp>

#include <atomic>
#include <chrono>

namespace tenon {

class Engine {
 public:
  // Tells the time by which requests come late and speed is measured. Thread: any.
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  // `assembly` must outlive the engine.
  static Result<std::unique_ptr<Engine>> make(const Assembly& assembly,
                                              Clock clock = std::chrono::steady_clock::now);

  // Takes a request; its events go to on_event. Fails with TENON_INVALID if it could never be served: an empty
  // prompt, a token id beyond the vocabulary, a prompt that leaves no room in the context, more tokens than the
  // cache can hold, a negative time. Fails with TENON_OUT_OF_MEMORY if too much is asked for at present (see
  // Admission), or there is no memory to write it down. on_event may throw std::bad_alloc, which ends the
  // request with kError.
  Result<uint64_t> submit(Request request, EventHandler on_event);

  // submit in two halves, all requests or none. Thread: any for prepare, as long as the engine lives.
  using Prepared = Sequences;
  Result<Prepared> prepare(std::vector<Request> requests, const EventHandler& on_event);
  void start(Prepared prepared);
  // Requests that run or wait, prepared ones included. Thread: any.
  uint64_t requests() const { return admission_.requests(); }

  // The request ends within the next step, with reason kCancelled. Unknown ids are ignored. May be called from
  // on_event.
  void cancel(uint64_t request);
  // Every request ends now, between two steps.
  void end_all(FinishReason reason, std::string_view error);

  // Computes one step. Returns false if there was nothing to do. A failure of a plugin, or memory that is not
  // to be had, ends the requests of that step.
  bool step();
  // Steps until nothing is left.
  void run();

  EngineStats stats() const;
  // Whether all memory is accounted for. Slow; for tests and idle times.
  Status check() const { return executor_->cache().check(); }

 private:
  Engine(const Assembly& assembly, std::unique_ptr<Executor> executor, Clock clock);

  // One sequence's part of a step, and where its logits are.
  struct Part {
    Sequence* sequence;
    uint32_t first, count;       // positions
    uint32_t row;                // of its first token in the step
    uint32_t logits, rows_read;  // its rows among those that logits were computed for
    uint32_t kept = 0;           // tokens computed for good; 0 if a logit was not finite
    bool is_finite = true;       // whether those of the prompt's tokens were, as far as they were looked at
    uint32_t drawn = 0, drawn_end = 0;  // of drawn_
  };

  Status try_step(std::span<const Work> work);
  Status compute(std::span<const Work> work);
  Status verify();
  uint32_t draw_tokens(Sequence& sequence, const Part& part, Matrix logits);
  Status score(Part& part);
  bool score(Sequence& sequence, std::span<const float> row);
  Status speculate();
  Status check(const Request& request) const;
  uint32_t answer_room(const Request& request) const;
  void limit_time(Sequence& sequence) const;
  struct Draw {
    int32_t token;
    double logprob;  // 0 if nobody wants it
    std::vector<TokenLogprob> top;
  };
  std::optional<Draw> draw(const Sequence& sequence, std::span<float> row);
  bool is_finished(const Sequence& sequence) const;
  void report();
  bool report(const Part& part);
  bool report_prompt(Sequence& sequence);
  bool tell(const Sequence& sequence, TokenEvent& event);
  void end(Sequences ended, FinishReason reason, std::string_view error);
  void end_late(Sequences late);
  void end_failed(Sequences failed);
  void end_step(std::string_view error);
  void end_numerical(const Sequence& sequence);

  const Assembly& assembly_;
  const Clock clock_;
  Admission admission_;
  std::unique_ptr<Executor> executor_;
  Scheduler scheduler_;
  Batch batch_;
  Sampler sampler_;
  std::unique_ptr<Drafting> drafting_;  // NULL if nothing is guessed
  DraftLength draft_length_;
  std::vector<Part> parts_;
  std::vector<int32_t> rows_;         // of the step, whose logits are wanted
  std::vector<int32_t> scored_rows_;  // the same, to score the prompt
  std::vector<Drafting::Member> members_;
  std::vector<int32_t> drafts_;  // of the sequence being verified
  std::vector<Draw> drawn_;      // of all sequences of the step
  std::vector<float> logits_;    // [V] a row as the model gave it
  EngineStats stats_;
  std::chrono::steady_clock::time_point now_{};  // as far as events are concerned
  std::atomic<uint64_t> last_id_ = 0;
};

}  // namespace tenon
