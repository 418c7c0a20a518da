// What a stream and the engine share.
#pragma once
#include <tenon/engine/token_stream.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace tenon {

// Thread: any.
struct TokenStream::Channel {
 public:
  // These are about to start. cancel: may be called at any time, with any of them.
  void open(const std::vector<uint64_t>& requests, std::function<void(uint64_t)> cancel) {
    std::lock_guard lock(mutex_);
    open_.insert(open_.end(), requests.begin(), requests.end());
    cancel_ = std::move(cancel);
  }

  void push(const TokenEvent& event) {
    std::lock_guard lock(mutex_);
    if (event.is_last) open_.erase(std::find(open_.begin(), open_.end(), event.request));
    events_.push_back(event);
    arrived_.notify_one();
  }

  std::optional<TokenEvent> next(std::optional<std::chrono::milliseconds> patience) {
    std::unique_lock lock(mutex_);
    auto is_over = [&] { return !events_.empty() || open_.empty(); };
    if (patience) {
      arrived_.wait_for(lock, *patience, is_over);
    } else {
      arrived_.wait(lock, is_over);
    }
    if (events_.empty()) return std::nullopt;
    TokenEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  bool is_done() const {
    std::lock_guard lock(mutex_);
    return events_.empty() && open_.empty();
  }

  // Nobody reads any more.
  void abandon() {
    std::vector<uint64_t> left;
    {
      std::lock_guard lock(mutex_);
      left = open_;
    }
    for (uint64_t request : left) cancel_(request);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<TokenEvent> events_;
  std::vector<uint64_t> open_;  // requests that have not ended
  std::function<void(uint64_t)> cancel_;
};

}  // namespace tenon
