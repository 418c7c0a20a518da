// The engine's CPU threads: fork and join over a range, nothing more. The caller is worker 0 and works too.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace tenon {

class ThreadPool {
 public:
  using Task = void (*)(void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept;

  // threads: at least 1, the caller included.
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;

  uint32_t threads() const { return static_cast<uint32_t>(workers_.size()) + 1; }

  // Calls task on disjoint ranges, at most `grain` long, that cover [0, count); returns when all are done.
  // One call at a time, not from inside a task.
  void parallel_for(uint32_t count, uint32_t grain, Task task, void* ctx);

 private:
  struct Job {
    Task task = nullptr;
    void* ctx = nullptr;
    uint32_t count = 0, grain = 1;
  };

  void work(uint32_t worker);
  static void run(const Job& job, uint64_t begin, uint32_t worker);
  void take_ranges(const Job& job, uint32_t worker);
  bool wait_for_job(uint64_t seen);

  std::vector<std::thread> workers_;
  Job job_;
  std::atomic<uint64_t> next_{0};        // first index not yet taken; wide enough to run past the last one
  std::atomic<uint32_t> busy_{0};        // workers that have not finished the current job
  std::atomic<uint64_t> generation_{0};  // number of jobs given out
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};

}  // namespace tenon
