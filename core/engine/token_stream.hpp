// The events of requests, on their way from the engine's thread to the one that reads them.
#pragma once
#include <tenon/engine/request.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace tenon {

class AsyncEngine;

// One reader at a time. It may outlive the engine, whose end ends every request.
class TokenStream {
 public:
  TokenStream();
  TokenStream(TokenStream&&) noexcept = default;
  TokenStream& operator=(TokenStream&&) = delete;
  // Cancels what has not ended.
  ~TokenStream();

  // Waits for the next event of any of its requests. Nothing once all have ended and all events were read.
  std::optional<TokenEvent> next();
  // The same, but nothing either if the patience ends first; is_done() tells which.
  std::optional<TokenEvent> next_within(std::chrono::milliseconds patience);

  // The next event, if one is there.
  std::optional<TokenEvent> try_next() { return next_within(std::chrono::milliseconds(0)); }

  bool is_done() const;

  // `call` runs on the engine's thread after each event that has come, perhaps once more when the stream is
  // gone. It must neither wait nor throw. REQUIRES: nothing has been submitted into the stream.
  void on_arrival(std::function<void()> call);

 private:
  friend class AsyncEngine;
  struct Channel;
  std::shared_ptr<Channel> channel_;
};

}  // namespace tenon
