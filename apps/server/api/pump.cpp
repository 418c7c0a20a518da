#include <apps/server/api/pump.hpp>

#include <utility>

namespace tenon::api {

Pump::Pump() : thread_([this] { work(); }) {}

Pump::~Pump() {
  {
    std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Pump::wake(const std::shared_ptr<Task>& task) noexcept {
  if (task->is_queued_.exchange(true)) return;
  {
    std::lock_guard lock(mutex_);
    task->place_.front() = task;
    queue_.splice(queue_.end(), task->place_);
  }
  changed_.notify_one();
}

void Pump::work() {
  std::list<std::shared_ptr<Task>> current;
  for (std::unique_lock lock(mutex_);; lock.lock()) {
    changed_.wait(lock, [&] { return is_closing_ || !queue_.empty(); });
    if (is_closing_) return;
    current.splice(current.end(), queue_, queue_.begin());
    lock.unlock();
    std::shared_ptr<Task> task = std::exchange(current.front(), nullptr);
    task->place_.splice(task->place_.end(), current);
    // From here on a wake queues it again: it may have come too late for this call to see why.
    task->is_queued_ = false;
    task->advance();
  }
}

}  // namespace tenon::api
