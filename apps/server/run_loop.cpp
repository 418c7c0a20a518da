#include <apps/server/run_loop.hpp>

#include <apps/common/exit_code.hpp>

#include <tenon/base/log.hpp>

#include <csignal>
#include <ctime>

namespace tenon {
namespace {

constexpr timespec kTick = {0, 100'000'000};

sigset_t held_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

http::ApiError shutting_down() { return http::unavailable("The server is shutting down.", "shutting_down"); }

// Says so when it changes.
class Watchdog {
 public:
  explicit Watchdog(const Health& health) : health_(health) {}
  void look() {
    Readiness now = health_.readiness();
    if (now == Readiness::kHanging && last_ != now)
      log().error("server: not ready, a step has taken {:.1f} s so far", health_.step_seconds());
    if (now == Readiness::kReady && last_ == Readiness::kHanging) log().error("server: ready again");
    last_ = now;
  }

 private:
  const Health& health_;
  Readiness last_ = Readiness::kReady;
};

}  // namespace

void hold_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set = held_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int run_until_end(const RunLoop& loop) {
  sigset_t set = held_signals();
  Watchdog watchdog(loop.health);
  int code = kExitOk;
  for (int signals = 0; !loop.server.is_over();) {
    int number = sigtimedwait(&set, nullptr, &kTick);
    watchdog.look();
    loop.on_tick();
    if (code == kExitOk && loop.health.readiness() == Readiness::kStopped) {
      code = kExitFatal;
      loop.server.fail(http::unavailable("The engine has stopped.", "engine_stopped"));
    }
    if (number < 0) continue;
    if (++signals > 1) {
      loop.server.abort();
      loop.server.wait();
      return 128 + number;
    }
    std::fprintf(stderr, "shutting down: up to %.0f s for what is under way; again to end at once\n",
                 std::chrono::duration<double>(loop.drain_patience).count());
    loop.health.drain();
    loop.server.drain(loop.drain_patience, shutting_down());
  }
  loop.server.wait();
  return code;
}

}  // namespace tenon
