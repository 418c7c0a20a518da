#include <tenon/engine/async_engine.hpp>

#include "token_channel.hpp"

#include <tenon/base/failpoint.hpp>
#include <tenon/base/log.hpp>
#include <tenon/engine/engine.hpp>

#include <atomic>
#include <thread>

namespace tenon {

namespace {

// What other threads ask for, until the engine takes it between two steps. Thread: any.
class Inbox {
 public:
  struct Content {
    Engine::Prepared arrivals;
    std::vector<uint64_t> cancelled;
    bool is_closing = false;
  };

  // `announce` is called before the engine can know of the arrivals, unless they are refused.
  template <class Announce>
  Status put(Engine::Prepared arrivals, Announce&& announce) {
    std::lock_guard lock(mutex_);
    if (!fault_.empty()) return Error{TENON_INTERNAL, fault_};
    announce();
    content_.arrivals.splice(content_.arrivals.end(), arrivals);
    changed_.notify_one();
    return ok();
  }
  void cancel(uint64_t request) {
    std::lock_guard lock(mutex_);
    content_.cancelled.push_back(request);
    changed_.notify_one();
  }
  void close() {
    std::lock_guard lock(mutex_);
    content_.is_closing = true;
    changed_.notify_one();
  }
  // From now on nothing more is taken.
  void refuse(std::string fault) {
    std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }
  std::string fault() const {
    std::lock_guard lock(mutex_);
    return fault_;
  }

  // Empties it; if may_wait, not before something is in it.
  Content take(bool may_wait) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return !may_wait || content_.is_closing || !content_.arrivals.empty() || !content_.cancelled.empty();
    });
    return std::exchange(content_, {});
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Content content_;
  std::string fault_;
};

}  // namespace

// The engine and its thread.
class AsyncEngine::Worker {
 public:
  explicit Worker(std::unique_ptr<Engine> made) : engine_(std::move(made)), thread_([this] { work(); }) {}
  ~Worker() {
    inbox_->close();
    thread_.join();
  }

  Engine& engine() { return *engine_; }
  // Streams may outlive the engine, and cancel into what is left of it.
  const std::shared_ptr<Inbox>& inbox() { return inbox_; }
  EngineStats stats() const {
    std::lock_guard lock(stats_mutex_);
    EngineStats stats = stats_;
    uint64_t requests = engine_->requests();
    stats.waiting = requests - std::min(requests, stats.running);
    return stats;
  }

  EngineHealth health() const {
    Ticks begun = step_begun_;
    double seconds = begun == 0 ? 0 : std::chrono::duration<double>(Clock::duration(now() - begun)).count();
    return {inbox_->fault(), seconds};
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Ticks = Clock::rep;

  static Ticks now() { return Clock::now().time_since_epoch().count(); }

  void work() {
    try {
      serve();
    } catch (const std::exception& e) {
      stop(e.what());
    }
    step_begun_ = 0;
    // Closing, or after a fault: requests that came before it was known end like all others.
    std::string fault = inbox_->fault();
    FinishReason reason = fault.empty() ? FinishReason::kCancelled : FinishReason::kError;
    engine_->start(inbox_->take(false).arrivals);
    engine_->end_all(reason, fault);
    publish();
  }

  // Returns when it is to close, or has stopped.
  void serve() {
    for (bool has_work = true;;) {
      Inbox::Content content = inbox_->take(!has_work);
      step_begun_ = now();
      engine_->start(std::move(content.arrivals));
      for (uint64_t request : content.cancelled) engine_->cancel(request);
      if (content.is_closing) return;
      if (failpoint("engine_hang")) std::this_thread::sleep_for(std::chrono::seconds(2));
      if (failpoint("engine_stop")) return stop("a failpoint asked for it");
      has_work = engine_->step();
      step_begun_ = 0;
      publish();
      if (!has_work && !check()) return;
    }
  }

  void publish() {
    std::lock_guard lock(stats_mutex_);
    stats_ = engine_->stats();
  }

  void stop(const std::string& why) {
    log().error("engine: stops: {}", why);
    inbox_->refuse("engine: has stopped: " + why);
  }

  // An idle engine has time to count its memory. If that is wrong, no answer can be trusted any more.
  bool check() try {
    Status status = engine_->check();
    if (status.ok() || status.error().code == TENON_OUT_OF_MEMORY) return true;
    stop("its cache is inconsistent: " + status.error().text);
    return false;
  } catch (const std::bad_alloc&) {
    return true;  // the next time it is idle
  }

  std::unique_ptr<Engine> engine_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  mutable std::mutex stats_mutex_;
  EngineStats stats_;
  std::atomic<Ticks> step_begun_ = 0;  // 0 between steps
  std::thread thread_;                 // last, since it uses all of them
};

Result<std::unique_ptr<AsyncEngine>> AsyncEngine::make(const Assembly& assembly) {
  TENON_TRY(auto engine, Engine::make(assembly));
  return std::unique_ptr<AsyncEngine>(new AsyncEngine(std::make_unique<Worker>(std::move(engine))));
}

AsyncEngine::AsyncEngine(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}

AsyncEngine::~AsyncEngine() = default;

Result<TokenStream> AsyncEngine::submit(Request request) try {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  TokenStream stream;
  TENON_TRY(submit(std::move(requests), stream));
  return stream;
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

Result<std::vector<uint64_t>> AsyncEngine::submit(std::vector<Request> requests, TokenStream& stream) try {
  auto channel = stream.channel_;
  TENON_TRY(auto prepared, worker_->engine().prepare(std::move(requests), [channel](const TokenEvent& event) {
    channel->push(event);
  }));
  std::vector<uint64_t> ids;
  for (const Sequence& sequence : prepared) ids.push_back(sequence.id);
  std::shared_ptr<Inbox> inbox = worker_->inbox();
  TENON_TRY(inbox->put(std::move(prepared),
                       [&] { channel->open(ids, [inbox](uint64_t request) { inbox->cancel(request); }); }));
  return ids;
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

void AsyncEngine::cancel(uint64_t request) { worker_->inbox()->cancel(request); }

EngineStats AsyncEngine::stats() const { return worker_->stats(); }

EngineHealth AsyncEngine::health() const { return worker_->health(); }

}  // namespace tenon
