// What is said on standard error while the server starts: one line per phase, with how long it took.
#pragma once
#include <chrono>
#include <string>

namespace tenon {

// Thread: one.
class Startup {
 public:
  // Says who starts, before anything that takes time.
  explicit Startup(const std::string& what);
  // A phase has ended, which took from the end of the last one to now: "weights    1.2 s  48.0 GiB at 40.1
  // GB/s"
  void phase(const std::string& name, const std::string& detail = "");
  // "ready in 3.2 s: http://127.0.0.1:8000"
  void ready(const std::string& url);
  // Seconds since the end of the last phase.
  double phase_seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point phase_begun_ = begun_;
};

}  // namespace tenon
