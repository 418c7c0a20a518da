#include <tenon/text/jinja/interpreter.hpp>

#include <tenon/text/jinja/memory.hpp>
#include <tenon/text/jinja/python.hpp>

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <thread>

namespace tenon::jinja {
namespace {

namespace py = pybind11;

constexpr auto kPollInterval = std::chrono::milliseconds(20);
constexpr int64_t kGraceMs = 2000;  // for one operation to end after the time is over

int64_t now_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

// A thread that gets no signals: Ctrl-C and its like belong to the program.
Status start_quiet_thread(std::function<void()> body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Status started = ok();
  try {
    std::thread(std::move(body)).detach();
  } catch (const std::system_error& error) {
    started = Error{TENON_OUT_OF_MEMORY, std::string("no thread for Python: ") + error.what()};
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

// Says for as long as it lives which job's work runs.
class Running {
 public:
  Running(std::atomic<uint64_t>& running, uint64_t number) : running_(running) { running_ = number; }
  ~Running() {
    running_ = 0;
    // An interrupt that came too late for this job is not for the next one.
    PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), nullptr);
  }
  Running(const Running&) = delete;

 private:
  std::atomic<uint64_t>& running_;
};

}  // namespace

Result<Interpreter*> Interpreter::start() {
  auto* interpreter = new Interpreter;  // never deleted: its thread never ends
  TENON_TRY(start_quiet_thread([interpreter] { interpreter->serve(); }));
  std::unique_lock lock(interpreter->mutex_);
  interpreter->changed_.wait(lock, [&] { return interpreter->started_.has_value(); });
  if (!interpreter->started_->ok()) return interpreter->started_->error();
  return interpreter;
}

void Interpreter::serve() {
  Status started = start_python(environment_);
  if (started.ok()) python_thread_ = PyThread_get_thread_ident();
  std::unique_lock lock(mutex_);
  pthread_getcpuclockid(pthread_self(), &cpu_clock_);
  started_ = started;
  changed_.notify_all();
  while (started.ok()) {
    wait_for_job(lock);
    std::shared_ptr<Job> job = job_;
    std::vector<Work> deferred = std::move(deferred_);
    job->cpu_started_ms = now_ms(cpu_clock_);
    lock.unlock();
    for (const Work& work : deferred) work(environment_);
    auto result = attempt(*job);
    lock.lock();
    job->result = std::move(result);
    job_.reset();
    changed_.notify_all();
  }
}

// Without Python's lock, so that a late interrupt does not wait for the next job.
void Interpreter::wait_for_job(std::unique_lock<std::mutex>& lock) {
  PyThreadState* state = PyEval_SaveThread();
  changed_.wait(lock, [&] { return job_ != nullptr; });
  lock.unlock();
  PyEval_RestoreThread(state);
  lock.lock();
}

Result<std::string> Interpreter::attempt(const Job& job) {
  try {
    MemoryCeiling ceiling(job.limits.memory_bytes);
    Running running(running_, job.number);
    return job.work(environment_);
  } catch (py::error_already_set& error) {
    return invalid(describe(error));
  } catch (const std::exception& error) {
    return Error{TENON_INTERNAL, std::string("pybind11: ") + error.what()};
  }
}

std::string Interpreter::describe(py::error_already_set& error) {
  try {
    PyException_SetTraceback(error.value().ptr(), error.trace() ? error.trace().ptr() : Py_None);
    return py::str(environment_.attr("describe")(error.value()));
  } catch (const std::exception&) {
    return "fails, and so does the description of why";
  }
}

Result<std::string> Interpreter::run(Work work, const Limits& limits) {
  std::lock_guard turn(turn_);
  std::unique_lock lock(mutex_);
  if (job_)
    return Error{TENON_UNSUPPORTED, "another template was left behind in an operation that has not ended"};
  auto job = std::make_shared<Job>(Job{std::move(work), limits, ++jobs_});
  job_ = job;
  changed_.notify_all();
  if (wait_until_done(job, lock)) return std::move(job->result);
  return invalid("takes more time than a template is given, in one operation that cannot be stopped");
}

bool Interpreter::wait_until_done(const std::shared_ptr<Job>& job, std::unique_lock<std::mutex>& lock) {
  while (!changed_.wait_for(lock, kPollInterval, [&] { return job_ != job; })) {
    if (job->cpu_started_ms == 0) continue;
    // The thread's own time, not the wall's: a busy machine is not the template's fault.
    int64_t over_ms = now_ms(cpu_clock_) - job->cpu_started_ms - job->limits.cpu_time_ms;
    if (over_ms > kGraceMs) return false;
    if (over_ms < 0) continue;
    interrupt(job->number);
  }
  return true;
}

// On a thread of its own: Python's lock may take as long as the operation that cannot be stopped.
void Interpreter::interrupt(uint64_t number) {
  if (interrupting_.exchange(true)) return;
  Status started = start_quiet_thread([this, number] {
    PyGILState_STATE state = PyGILState_Ensure();
    if (running_ == number)
      PyThreadState_SetAsyncExc(python_thread_, py::object(environment_.attr("TimeLimitExceeded")).ptr());
    PyGILState_Release(state);
    interrupting_ = false;
  });
  if (!started.ok()) interrupting_ = false;  // the next look at the clock tries again
}

void Interpreter::run_later(Work work) noexcept {
  std::lock_guard lock(mutex_);
  deferred_.push_back(std::move(work));
}

}  // namespace tenon::jinja
