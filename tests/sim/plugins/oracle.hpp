// The hash model by its definition, on plain variables: what it must answer, whatever engine runs it.
#pragma once
#include "definition.hpp"

#include <tenon/abi/tenon_step.h>

#include <array>
#include <span>
#include <vector>

namespace tenon::sim {

// One layer with a recurrent mixer, fed token by token.
class RecurrentOracle {
 public:
  explicit RecurrentOracle(uint64_t layer) : state_(initial_state(layer)) {}

  int32_t consume(int32_t token, uint32_t position, int32_t phase) {
    if (phase == TENON_PREFILL) return prefill(token, position);
    if (is_in_piece_) state_ = end_piece(piece_), is_in_piece_ = false;
    state_ = decode_state(state_, token, position);
    return answer_of(state_);
  }

 private:
  int32_t prefill(int32_t token, uint32_t position) {
    if (position % kChunkTokens == 0) {
      if (is_in_piece_) state_ = end_piece(piece_);
      piece_ = begin_piece(state_), is_in_piece_ = true;
    }
    piece_ = add_to_piece(piece_, token, position);
    return answer_of(piece_);
  }

  uint64_t state_, piece_ = 0;
  bool is_in_piece_ = false;
};

// The whole model. Copy it to look at what another token would have led to.
class Oracle {
 public:
  // Consumes the next token of the sequence and returns the one that the model finds most probable after it.
  int32_t consume(int32_t token, int32_t phase) {
    trail_[0] = token;
    trail_[1] = first_.consume(token, position_, phase);
    trail_[2] = turned(trail_[1], kShifts[0]);
    sum_ = add_to_sum(sum_, stored_token(trail_[2], position_, phase));
    trail_[3] = answer_of(sum_);
    trail_[4] = turned(trail_[3], kShifts[1]);
    trail_[5] = third_.consume(trail_[4], position_++, phase);
    return trail_[6] = turned(trail_[5], kShifts[2]);
  }
  // What the embedding, then each mixer and each expert layer added to the last hidden state.
  const std::array<int32_t, 1 + 2 * kLayers>& trail() const { return trail_; }

 private:
  uint32_t position_ = 0;
  RecurrentOracle first_{0};
  uint64_t sum_ = initial_sum(1);
  RecurrentOracle third_{2};
  std::array<int32_t, 1 + 2 * kLayers> trail_{};
};

// The greedy answer to a prompt.
inline std::vector<int32_t> expected_tokens(std::span<const int32_t> prompt, uint32_t count) {
  Oracle oracle;
  int32_t next = -1;
  for (int32_t token : prompt) next = oracle.consume(token, TENON_PREFILL);
  std::vector<int32_t> answer;
  for (; answer.size() < count; next = oracle.consume(next, TENON_DECODE)) answer.push_back(next);
  return answer;
}

}  // namespace tenon::sim
