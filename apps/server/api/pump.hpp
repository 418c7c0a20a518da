// A thread that takes tasks further whenever something has come for them. The engine's thread wakes a task and
// goes on at once; what there is to do for its client (text, JSON, writing) is done here.
#pragma once
#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace tenon::api {

class Pump {
 public:
  class Task : public std::enable_shared_from_this<Task> {
   public:
    virtual ~Task() = default;

   private:
    friend class Pump;
    // Does what there is to do. Never called twice at once.
    virtual void advance() = 0;

    std::list<std::shared_ptr<Task>> place_{1};  // in the queue, so that waking allocates nothing
    std::atomic<bool> is_queued_ = false;
  };

  Pump();
  ~Pump();  // drops tasks that wait

  // advance() is called soon; several wakes may come to one call, none is lost. Neither waits nor throws.
  // Thread: any.
  void wake(const std::shared_ptr<Task>& task) noexcept;

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Task>> queue_;
  bool is_closing_ = false;
  std::thread thread_;  // last, since it uses all of them
};

}  // namespace tenon::api
