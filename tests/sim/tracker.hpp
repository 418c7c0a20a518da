// One request from its submission to its end: what came, against what the oracle says.
#pragma once
#include "answer.hpp"
#include "hash_model.hpp"

#include <string>

namespace tenon::sim {

class Tracker {
 public:
  // number: in order of submission. step: of the simulation, at submission.
  Tracker(uint32_t number, Request request, const Settings& settings, uint32_t tokens_max, uint64_t step);

  // Takes the next event; returns what is wrong with it, or "".
  std::string take(const TokenEvent& event, uint64_t step);
  void note_cancel(uint64_t step);

  uint32_t number() const { return number_; }
  const Request& request() const { return request_; }
  uint32_t received() const { return received_; }
  uint32_t expected_count() const { return static_cast<uint32_t>(expected_.tokens.size()); }
  bool has_ended() const { return has_ended_; }
  FinishReason reason() const { return reason_; }
  const std::string& error() const { return error_; }
  uint64_t deadline() const { return deadline_; }
  // Whether it ended because its time was over.
  bool is_late() const { return has_ended_ && last_event_at_ >= deadline_; }
  bool is_cancelled() const { return is_cancelled_; }
  uint64_t cancelled_at() const { return cancelled_at_; }
  uint64_t last_event_at() const { return last_event_at_; }
  // Prompt and what has been answered.
  std::vector<int32_t> tokens() const;
  // "request 5 (prompt 130, 3 of 20 tokens)"
  std::string title() const;

 private:
  bool says_late(const TokenEvent& event) const;
  std::string take_token(int32_t token);
  std::string take_end(const TokenEvent& event);

  uint32_t number_;
  Request request_;
  Answer expected_;
  uint32_t received_ = 0;
  bool has_ended_ = false, is_cancelled_ = false;
  FinishReason reason_{};
  std::string error_;
  uint64_t cancelled_at_ = 0, last_event_at_ = 0;
  uint64_t deadline_ = UINT64_MAX;  // the step in which it is too late
};

}  // namespace tenon::sim
