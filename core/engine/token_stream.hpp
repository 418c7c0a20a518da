// The events of requests, on their way from the engine's thread to the one that reads them.
#pragma once
#include <tenon/engine/request.hpp>

#include <chrono>
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

  bool is_done() const;

 private:
  friend class AsyncEngine;
  struct Channel;
  std::shared_ptr<Channel> channel_;
};

}  // namespace tenon
