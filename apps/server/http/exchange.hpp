// One request and the answer to it. The transport makes it and a handler answers it: at once, or later from
// another thread. It outlives its connection, so nothing here can dangle.
//
//     exchange->send(json_response(text));             // all at once, or
//     exchange->fail(bad_request("...", "max_tokens")); // an error, or
//
//     exchange->start_events();                        // a stream of server-sent events
//     exchange->write_event(chunk);                    // data: {...}
//     exchange->end_events();                          // data: [DONE]
#pragma once
#include <apps/server/http/api_error.hpp>
#include <apps/server/http/message.hpp>
#include <apps/server/http/meter.hpp>

#include <functional>
#include <memory>

namespace tenon::http {

// After a write.
struct WriteState {
  bool is_open;         // false: nobody reads any more, and what was written is dropped
  size_t queued_bytes;  // of this answer that the client has not taken yet
};

// Thread: any, for everything; no call blocks. An exchange that is dropped unanswered answers with status 500.
// A client that takes nothing for Limits.write_stall, or leaves more than Limits.queued_bytes_max untaken, is
// cut off, and that looks as if it had gone away.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const Request& request() const = 0;
  virtual Meter& meter() = 0;

  // The whole answer. What follows a first answer is ignored.
  virtual void send(Response response) = 0;

  // An answer in pieces (chunked), of any content type. is_events: comments keep it alive while it is silent.
  enum class StreamKind { kPlain, kEvents };
  virtual void start_stream(int status, Headers headers, StreamKind kind) = 0;
  virtual WriteState write(std::string bytes) = 0;
  virtual void finish() = 0;

  // Called once when nobody waits for the answer any more: the client has gone away, was cut off, or the server
  // ends. Not called after the answer was finished. At once, on this thread, if that is so already; otherwise
  // on a thread of the transport, which it must not hold up. The callback is dropped with the answer's end, so
  // it may own the exchange.
  virtual void on_closed(std::function<void()> callback) = 0;
  virtual bool is_open() const = 0;

  // The error as an answer; or, if a stream of events has begun, as its last event, after which come [DONE] and
  // the end of the connection. The only way in which errors are told.
  virtual void fail(const ApiError& error) = 0;

  // A stream of events, with the headers that keep proxies from collecting them.
  void start_events(Headers more = {});
  // REQUIRES: no line break in the text, as JSON has none
  WriteState write_event(std::string_view json);
  // data: [DONE], and the end.
  void end_events();
};

}  // namespace tenon::http
