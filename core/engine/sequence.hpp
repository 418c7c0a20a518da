// One request in flight.
#pragma once
#include <tenon/engine/admission.hpp>
#include <tenon/engine/request.hpp>

#include <algorithm>
#include <chrono>
#include <list>
#include <optional>

namespace tenon {

// A reason so short that a string has room for it without allocating.
inline constexpr const char* kOutOfMemory = "out of memory";

// Where there is no memory for the reason, that is the reason.
inline void set_reason(std::string& to, std::string_view reason) noexcept try {
  to = reason;
} catch (const std::bad_alloc&) {
  to = kOutOfMemory;
}

struct Sequence {
  Sequence(uint64_t number, Request taken, EventHandler handler, Admitted share)
      : id(number),
        request(std::move(taken)),
        on_event(std::move(handler)),
        tokens(request.prompt),
        admitted(std::move(share)) {}

  uint64_t id = 0;
  Request request;
  EventHandler on_event;
  std::vector<int32_t> tokens;  // prompt, then output
  uint32_t computed = 0;  // leading tokens that the model has consumed; the only such count there is (rule D7)
  uint32_t max_tokens = 0;  // output tokens at most, resolved
  uint64_t arrival = 0;     // number of the step before which it came
  bool is_cancelled = false;
  double seconds_max = 0;  // resolved; 0: no limit
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::string failure;                     // why it cannot go on, if it cannot
  std::unique_ptr<Constraint> constraint;  // has accepted the output tokens; NULL: none
  RequestStats stats;                      // but for the times
  std::chrono::steady_clock::time_point came{};
  std::optional<std::chrono::steady_clock::time_point> started, answered;  // its first step and first token
  uint32_t scored = 1;              // tokens of the prompt that have been scored, or cannot be
  std::vector<ScoredToken> scores;  // those that nobody has been told of
  Admitted admitted;

  // Speculation. A pair is the hidden state at a position and the token after it; see tenon_speculator.h.
  std::vector<int32_t> drafts;     // guesses of the tokens after the last one
  std::vector<int32_t> to_verify;  // the last token and its drafts, as a step takes them
  uint32_t paired = 1;             // the speculator knows the pairs of all positions below this
  std::vector<float>
      last_hidden;  // [D] after the token at computed - 1; empty if another sequence computed that one
  bool has_draft_room = false;  // whether this step's pages reach far enough for new guesses

  uint32_t prompt_tokens() const { return static_cast<uint32_t>(request.prompt.size()); }
  uint32_t output_tokens() const { return static_cast<uint32_t>(tokens.size()) - prompt_tokens(); }
  uint32_t left() const { return static_cast<uint32_t>(tokens.size()) - computed; }
  // A prompt is prefilled; what follows it is decoded, also when it has to be computed again (rule D5).
  bool is_prefilling() const { return computed < prompt_tokens(); }
  bool is_decoding() const { return !is_prefilling() && left() == 1; }

  RequestStats stats_at(std::chrono::steady_clock::time_point now) const {
    using Seconds = std::chrono::duration<double>;
    RequestStats told = stats;
    told.computed_tokens = std::min(computed, prompt_tokens());
    told.queued_seconds = Seconds(started.value_or(now) - came).count();
    if (started) told.prefill_seconds = Seconds(answered.value_or(now) - *started).count();
    if (answered) told.decode_seconds = Seconds(now - *answered).count();
    return told;
  }

  // One more output token. REQUIRES: its constraint allows it
  void append(int32_t token) {
    tokens.push_back(token);
    if (constraint && !ends_answer(token)) constraint->accept(token);
  }
  bool ends_answer(int32_t token) const {
    return std::find(request.eos.begin(), request.eos.end(), token) != request.eos.end();
  }
  // Whether its last output token is one that ends the answer, or its constraint lets nothing more follow.
  bool has_ended() const {
    return ends_answer(tokens.back()) || (constraint && constraint->ending() == Constraint::Ending::kMust);
  }

  // As before its first step, with the tokens it has.
  void start_over() {
    computed = 0, paired = 1;
    drafts.clear(), last_hidden.clear();
  }
};

// Sequences are handed on from list to list, which allocates nothing.
using Sequences = std::list<Sequence>;

}  // namespace tenon
