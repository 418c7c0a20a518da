// What a handler tells of the answers that the engine generates for a request, for the log line, metrics and
// traces. Counts and times only: no text passes here.
#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::http {

using Clock = std::chrono::steady_clock;

// What the engine says of an answer when it has ended: its tenon::RequestStats.
struct Fare {
  uint64_t cached_tokens = 0, drafted = 0, accepted = 0;
  double queued_s = 0, prefill_s = 0, decode_s = 0;
};

// One of a request's answers.
struct Answer {
  uint64_t tokens = 0;
  Clock::time_point first{}, last{};  // tokens
  std::vector<float> intervals_s;     // between a token and the one before it; 0 for tokens of one step
  std::string finish_reason;  // "stop", "length", "tool_calls", "abort", "error"; "" if it has not ended
  Fare fare;
};

struct Generation {
  uint64_t prompt_tokens = 0;  // of all prompts together
  uint64_t tokens_max = 0;     // that one answer may have
  Clock::time_point submitted{};
  std::vector<Answer> answers;  // empty: the engine was not asked for anything
};

// Thread: any.
class Meter {
 public:
  // The engine has been asked for so many answers: prompts times n.
  void submitted(uint32_t answers, uint64_t prompt_tokens, uint64_t tokens_max);
  // A token has come. REQUIRES: answer < answers
  void token(uint32_t answer);
  void finished(uint32_t answer, std::string_view reason, const Fare& fare = {});

  Generation generation() const;

 private:
  mutable std::mutex mutex_;
  Generation generation_;
};

}  // namespace tenon::http
