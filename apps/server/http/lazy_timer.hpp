// A timer that is moved often and fires seldom: moving it to a later time costs one comparison.
#pragma once
#include <apps/server/http/meter.hpp>

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>

namespace tenon::http {

// Thread: that of its executor. While it is armed, `owner` given to set() is kept alive.
class LazyTimer {
 public:
  template <class Executor>
  LazyTimer(const Executor& executor, std::function<void()> on_due)
      : timer_(executor), on_due_(std::move(on_due)) {}

  void set(std::chrono::milliseconds from_now, std::shared_ptr<void> owner) {
    due_ = Clock::now() + from_now;
    if (!is_armed_ || armed_for_ > due_) arm(std::move(owner));
  }
  void clear() { due_ = Clock::time_point::max(); }
  // Lets go of the owner.
  void cancel() {
    clear();
    timer_.cancel();
  }

 private:
  void arm(std::shared_ptr<void> owner) {
    is_armed_ = true;
    armed_for_ = due_;
    timer_.expires_at(due_);
    timer_.async_wait([this, owner](boost::system::error_code error) mutable {
      if (!error) expire(std::move(owner));
    });
  }
  void expire(std::shared_ptr<void> owner) {
    is_armed_ = false;
    if (due_ == Clock::time_point::max()) return;
    if (Clock::now() < due_) return arm(std::move(owner));
    clear();
    on_due_();
  }

  boost::asio::steady_timer timer_;
  std::function<void()> on_due_;
  Clock::time_point due_ = Clock::time_point::max(), armed_for_{};
  bool is_armed_ = false;
};

}  // namespace tenon::http
