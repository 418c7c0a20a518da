#include <tenon/base/thread_pool.hpp>

#include <tenon/base/check.hpp>

#include <algorithm>

namespace tenon {
namespace {

// Jobs follow each other within microseconds during a step, so a worker spins this often before it sleeps.
constexpr int kSpins = 2000;

void pause_briefly() { __builtin_ia32_pause(); }

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  TENON_CHECK(threads >= 1, "threads is {}", threads);
  for (uint32_t worker = 1; worker < threads; ++worker) workers_.emplace_back([this, worker] { work(worker); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(uint32_t count, uint32_t grain, Task task, void* ctx) {
  Job job{task, ctx, count, std::max(grain, 1u)};
  if (workers_.empty() || count <= job.grain) {
    for (uint64_t begin = 0; begin < count; begin += job.grain) run(job, begin, 0);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    job_ = job;
    next_ = 0;
    busy_ = static_cast<uint32_t>(workers_.size());
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  take_ranges(job, 0);
  for (int spin = 0; busy_.load() != 0; ++spin) spin < kSpins ? pause_briefly() : std::this_thread::yield();
}

void ThreadPool::run(const Job& job, uint64_t begin, uint32_t worker) {
  uint64_t end = std::min<uint64_t>(begin + job.grain, job.count);
  job.task(job.ctx, static_cast<uint32_t>(begin), static_cast<uint32_t>(end), worker);
}

void ThreadPool::take_ranges(const Job& job, uint32_t worker) {
  for (;;) {
    uint64_t begin = next_.fetch_add(job.grain);
    if (begin >= job.count) return;
    run(job, begin, worker);
  }
}

void ThreadPool::work(uint32_t worker) {
  uint64_t seen = 0;
  while (wait_for_job(seen)) {
    seen = generation_.load();
    take_ranges(job_, worker);
    busy_.fetch_sub(1);
  }
}

// Returns false when the pool ends.
bool ThreadPool::wait_for_job(uint64_t seen) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (stop_.load()) return false;
    if (generation_.load() != seen) return true;
    pause_briefly();
  }
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return stop_.load() || generation_.load() != seen; });
  return !stop_.load();
}

}  // namespace tenon
