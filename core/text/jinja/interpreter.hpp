// An embedded CPython on a thread of its own that never ends. All Python code runs there, one job at a time,
// while the caller watches the clock: a pending call stops Python code at its next step, whoever holds the
// interpreter's lock.
#pragma once
#include <tenon/text/jinja/engine.hpp>

#include <pybind11/pybind11.h>

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace tenon::jinja {

class Interpreter {
 public:
  // Runs on the interpreter's thread; may throw error_already_set. `environment` is the module environment.py.
  using Work = std::function<std::string(pybind11::module_& environment)>;

  // Starts Python and imports Jinja2. Fails with what to install. The interpreter lives until the process ends.
  static Result<Interpreter*> start();

  // Does the work within the limits and waits for it. An exception becomes an error. Work that does not stop
  // although its time is over (inside one very long operation) is left behind, and until it ends further work
  // is refused.
  Result<std::string> run(Work work, const Limits& limits);

  // Does the work before the next job, without limits.
  void run_later(Work work) noexcept;

 private:
  struct Job {
    Work work;
    Limits limits;
    uint64_t number;             // counts from 1
    int64_t cpu_started_ms = 0;  // the thread's clock at the start; 0 before
    Result<std::string> result = std::string();
  };

  void serve();
  void wait_for_job(std::unique_lock<std::mutex>& lock);
  Result<std::string> attempt(const Job& job);
  std::string describe(pybind11::error_already_set& error);
  bool wait_until_done(const std::shared_ptr<Job>& job, std::unique_lock<std::mutex>& lock);
  void interrupt(uint64_t number);

  std::mutex turn_;  // held by the caller whose job it is

  std::mutex mutex_;  // over the following, up to the blank line
  std::condition_variable changed_;
  std::optional<Status> started_;
  clockid_t cpu_clock_{};  // of the interpreter's thread
  uint64_t jobs_ = 0;
  std::shared_ptr<Job> job_;  // nothing: the thread is idle
  std::vector<Work> deferred_;

  std::atomic<uint64_t> running_{0};       // number of the job whose work runs, 0 for none
  std::atomic<bool> interrupting_{false};  // an interrupt is on its way
  unsigned long python_thread_ = 0;        // Python's name for the thread; set before started_
  pybind11::module_ environment_;          // set before started_; used under Python's lock
};

}  // namespace tenon::jinja
