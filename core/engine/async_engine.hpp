// The engine on a thread of its own, for programs whose threads ask for answers when they like.
#pragma once
#include <tenon/engine/engine_stats.hpp>
#include <tenon/engine/token_stream.hpp>
#include <tenon/sdk/result.hpp>

namespace tenon {

class Assembly;

// Whether an engine can be trusted to go on.
struct EngineHealth {
  std::string fault;        // why it has stopped and takes no more requests; "" while it goes on
  double step_seconds = 0;  // since the step under way has begun; 0 between steps
};

// Thread: any, for everything but making and destroying.
class AsyncEngine {
 public:
  // `assembly` must outlive the engine.
  static Result<std::unique_ptr<AsyncEngine>> make(const Assembly& assembly);
  // Ends every request with kCancelled, after the step under way.
  ~AsyncEngine();

  // Starts a request; its events come through the stream. Does not wait. Fails with TENON_INVALID if the
  // request could never be served, with TENON_OUT_OF_MEMORY if too many wait already (engine.requests_max and
  // engine.prompt_tokens_max), and with TENON_INTERNAL if the engine has stopped for a fault of its own.
  Result<TokenStream> submit(Request request);

  // Starts all of the requests or none, and returns their ids in the same order. Their events come through a
  // stream that may carry others already.
  Result<std::vector<uint64_t>> submit(std::vector<Request> requests, TokenStream& stream);

  // The request ends within the next step, with reason kCancelled. Unknown ids are ignored.
  void cancel(uint64_t request);

  // As of the end of the last step; but what has been submitted since waits already.
  EngineStats stats() const;

  // Does not wait for a step, so it tells of one that hangs.
  EngineHealth health() const;

 private:
  class Worker;
  explicit AsyncEngine(std::unique_ptr<Worker> worker);

  std::unique_ptr<Worker> worker_;
};

}  // namespace tenon
