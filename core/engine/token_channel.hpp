// What a stream and the engine share.
#pragma once
#include <tenon/engine/token_stream.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>

namespace tenon {

// Thread: any.
struct TokenStream::Channel {
 public:
  // These are about to start. cancel: may be called at any time, with any of them.
  void open(const std::vector<uint64_t>& requests, std::function<void(uint64_t)> cancel) {
    std::list<TokenEvent> ends(requests.size());
    std::lock_guard lock(mutex_);
    open_.insert(open_.end(), requests.begin(), requests.end());
    ends_.splice(ends_.end(), ends);
    cancel_ = std::move(cancel);
  }

  // Throws std::bad_alloc where there is no memory for one more event; for a request's last there always is,
  // unless its error is long.
  void push(const TokenEvent& event) {
    add(event);
    arrived_.notify_one();
    if (on_arrival_) on_arrival_();
  }
  // Before the first request, so that no lock is needed to read it.
  void on_arrival(std::function<void()> call) { on_arrival_ = std::move(call); }

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

  // Nobody reads any more. What there is no memory to cancel runs to its end, unread.
  void abandon() noexcept {
    std::vector<uint64_t> left;
    {
      std::lock_guard lock(mutex_);
      left.swap(open_);
    }
    try {
      for (uint64_t request : left) cancel_(request);
    } catch (const std::bad_alloc&) {
    }
  }

 private:
  void add(const TokenEvent& event) {
    std::lock_guard lock(mutex_);
    if (event.is_last) {
      ends_.front() = event;
      events_.splice(events_.end(), ends_, ends_.begin());
      if (auto at = std::find(open_.begin(), open_.end(), event.request); at != open_.end()) open_.erase(at);
    } else {
      events_.push_back(event);
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<TokenEvent> events_;
  std::list<TokenEvent> ends_;  // room for the last event of each request that has not ended
  std::vector<uint64_t> open_;  // those requests, until nobody reads any more
  std::function<void(uint64_t)> cancel_;
  std::function<void()> on_arrival_;
};

}  // namespace tenon
