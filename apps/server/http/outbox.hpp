// The answer to one request, between the handler that gives it and the connection that sends it.
#pragma once
#include <apps/server/http/exchange.hpp>
#include <apps/server/http/record.hpp>

#include <mutex>

namespace tenon::http {

// How this answer is put into bytes.
struct Framing {
  bool is_http_1_0 = false, is_head_method = false, keeps_alive = true;
  size_t queued_bytes_max = 0;
  Headers more;  // on every answer to this request
};

// Thread: any. Handlers reach it through an Exchange, made by open().
class Outbox {
 public:
  // wake: called, on any thread and without a lock, when there is something new to take().
  Outbox(Request request, Framing framing, std::function<void()> wake);

  // For the handler. When the last copy goes and nothing was answered, the client is told so.
  static std::shared_ptr<Exchange> open(std::shared_ptr<Outbox> outbox);

  const Request& request() const { return request_; }
  Meter& meter() { return meter_; }
  void send(Response response, const std::string& error_code = "");
  void start_stream(int status, Headers headers, Exchange::StreamKind kind);
  WriteState write(std::string_view bytes);
  void finish();
  void on_closed(std::function<void()> callback);
  bool is_open() const;
  void fail(const ApiError& error);
  void drop();  // by the handler, answered or not

  // What follows is for the connection, on its thread.
  struct Taken {
    std::string bytes;     // to send now
    bool is_last = false;  // nothing comes after them
    bool is_events = false;
  };
  // The first thing after a wake, which lets the next one come. False: the client is to be cut off at once.
  bool look();
  Taken take();
  void sent(size_t bytes);  // of those taken, given to the system
  bool keeps_alive() const;
  void stop_keeping_alive();
  void ping();  // a comment, if it is a silent stream of events
  // The client has stopped sending: it reads a whole answer at best. Whether one can still come.
  bool hang_up();
  // Nothing is sent any more.
  void close();
  // The server ends: as fail, and whoever asked to be told is told.
  void shut_down(const ApiError& error);
  Record record(Ending ending) const;
  void set_route(std::string pattern) { record_.route = std::move(pattern); }

 private:
  enum class Phase { kWaiting, kStreaming, kFinished };

  void put_head(int status, const Headers& headers, std::optional<size_t> length);
  void put(std::string_view bytes);
  void put_end();
  void call_closed();
  void wake();

  const Request request_;
  Meter meter_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  Framing framing_;
  Phase phase_ = Phase::kWaiting;
  bool is_open_ = true, is_cut_ = false, is_events_ = false, is_woken_ = false;
  std::string bytes_;  // framed, not yet taken
  size_t taken_ = 0;   // bytes that the connection has, not yet sent
  std::function<void()> on_closed_;
  Record record_;
};

}  // namespace tenon::http
