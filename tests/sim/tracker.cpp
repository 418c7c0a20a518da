#include "tracker.hpp"

#include <algorithm>

namespace tenon::sim {

Tracker::Tracker(uint32_t number, Request request, const Settings& settings, uint32_t tokens_max, uint64_t step)
    : number_(number), request_(std::move(request)), last_event_at_(step) {
  if (request_.seconds_max > 0) deadline_ = step + static_cast<uint64_t>(request_.seconds_max);
  uint32_t room = tokens_max - static_cast<uint32_t>(request_.prompt.size());
  uint32_t count = request_.max_tokens ? std::min(request_.max_tokens, room) : room;
  expected_ = expected_answer(request_, count, settings.prompt_phase());
  if (expected_.tokens.empty())
    request_.sampling.temperature = 0, expected_ = expected_answer(request_, count, settings.prompt_phase());
  auto certain = static_cast<uint32_t>(expected_.tokens.size());
  if (expected_.reason == FinishReason::kLength && certain < count) request_.max_tokens = certain;
}

std::string Tracker::take(const TokenEvent& event, uint64_t step) {
  last_event_at_ = step;
  if (has_ended_) return "an event after the last one";
  if (event.token < 0 && !event.is_last) return "an event with neither token nor end";
  if (says_late(event) != (step >= deadline_))
    return "an event of step " + std::to_string(step) + ", must end at step " + std::to_string(deadline_);
  if (event.token >= 0)
    if (std::string fault = take_token(event.token); !fault.empty()) return fault;
  return event.is_last ? take_end(event) : "";
}

bool Tracker::says_late(const TokenEvent& event) const {
  return event.is_last && event.reason == FinishReason::kError &&
         event.error.find("took longer than") != std::string::npos;
}

std::string Tracker::take_token(int32_t token) {
  if (received_ == expected_.tokens.size()) return "a token more than there are";
  int32_t expected = expected_.tokens[received_++];
  if (token == expected) return "";
  return "token is " + std::to_string(token) + ", must be " + std::to_string(expected);
}

// A cancelled request may still end by itself, if it does so completely. Errors are for others to judge.
std::string Tracker::take_end(const TokenEvent& event) {
  has_ended_ = true;
  reason_ = event.reason, error_ = event.error;
  std::string reason = name_of(event.reason);
  if (event.reason == FinishReason::kError) return "";
  if (event.reason == FinishReason::kCancelled)
    return is_cancelled_ ? "" : "ended as cancelled, but nobody cancelled it";
  if (received_ != expected_.tokens.size()) return "ended with reason " + reason + " too early";
  if (event.reason != expected_.reason)
    return "ended with reason " + reason + ", must be " + name_of(expected_.reason);
  return "";
}

void Tracker::note_cancel(uint64_t step) {
  if (!is_cancelled_) cancelled_at_ = step;
  is_cancelled_ = true;
}

std::vector<int32_t> Tracker::tokens() const {
  std::vector<int32_t> tokens = request_.prompt;
  tokens.insert(tokens.end(), expected_.tokens.begin(), expected_.tokens.begin() + received_);
  return tokens;
}

std::string Tracker::title() const {
  return "request " + std::to_string(number_) + " (prompt " + std::to_string(request_.prompt.size()) + ", " +
         std::to_string(received_) + " of " + std::to_string(expected_.tokens.size()) + " tokens)";
}

}  // namespace tenon::sim
