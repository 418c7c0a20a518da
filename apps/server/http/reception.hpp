// What all connections share: the routes, who may come in, how much may be under way, and who is told of the
// end.
#pragma once
#include <apps/server/http/gate.hpp>
#include <apps/server/http/limits.hpp>
#include <apps/server/http/outbox.hpp>
#include <apps/server/http/router.hpp>

#include <atomic>
#include <functional>

namespace tenon::http {

// A share of what may be held at a time, given back at its end.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept : of_(std::exchange(other.of_, nullptr)), amount_(other.amount_) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(amount_, other.amount_);
    return *this;
  }
  ~Charge() {
    if (of_) *of_ -= amount_;
  }
  // So much in all from now on; false, and unchanged, if the sum of all would pass `most`.
  bool take(std::atomic<uint64_t>& of, uint64_t amount, uint64_t most) {
    uint64_t more = amount - (of_ ? amount_ : 0);
    if ((of += more) > most) return of -= more, false;
    of_ = &of, amount_ = amount;
    return true;
  }

 private:
  std::atomic<uint64_t>* of_ = nullptr;
  uint64_t amount_ = 0;
};

// Thread: any. It must outlive the connections.
class Reception {
 public:
  Reception(Limits limits, GateOptions gate, Router router, std::function<void(const Record&)> on_end);

  const Limits& limits() const { return limits_; }
  bool is_draining() const { return is_draining_; }
  void drain() { is_draining_ = true; }

  // A request whose head is there, and where it goes.
  struct Admitted {
    const Route* route = nullptr;
    Headers more;  // for the answer, whatever it is
    Charge place;  // among the requests of its key
  };
  // Looks at everything but the body. Sets the request's id, parameters, tenant and salt. An answer that is
  // complete without a handler comes as a Response.
  struct Refusal {
    ApiError error;
    std::string allow;
  };
  std::variant<Admitted, Refusal, Response> admit(Request& request, Headers& more);

  Charge enter() {  // one more exchange
    Charge charge;
    charge.take(exchanges_, 1, UINT64_MAX);
    return charge;
  }
  bool charge_body(Charge& charge, uint64_t bytes) {
    return charge.take(body_bytes_, bytes, limits_.body_bytes_total_max);
  }
  void on_end(const Record& record) const {
    if (on_end_) on_end_(record);
  }

  // Set by the server before the first connection.
  std::function<void(std::function<void()>)> on_worker;  // runs it on a thread that may be held up
  std::function<void()> on_quiet;                        // an exchange or a connection has ended

  uint64_t exchanges() const { return exchanges_; }
  std::atomic<uint64_t> connections = 0, accepted = 0, refused = 0;

 private:
  std::optional<ApiError> check_place(const Request& request, Charge& place);

  const Limits limits_;
  const Gate gate_;
  const Router router_;
  const std::function<void(const Record&)> on_end_;
  std::atomic<bool> is_draining_ = false;
  std::atomic<uint64_t> exchanges_ = 0, body_bytes_ = 0;
  std::vector<std::atomic<uint64_t>> of_tenants_;  // exchanges
};

}  // namespace tenon::http
