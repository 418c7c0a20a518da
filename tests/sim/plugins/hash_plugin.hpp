// What the plugins of the hash model have in common: tokens in hidden states, and failing on request.
#pragma once
#include "definition.hpp"

#include <tenon/sdk/result.hpp>
#include <tenon/sdk/tensor.hpp>

#include <algorithm>
#include <cstring>

namespace tenon::sim {

// The token that a hidden state stands for: its greatest element. row: [kVocabulary]
inline int32_t token_of(const float* row) {
  // A normed state is almost 8 there and below 1 elsewhere, which is found without a branch; most of a
  // simulation's time goes by here.
  int32_t hits = 0, sum = 0;
  for (int32_t i = 0; i < kVocabulary; ++i) hits += row[i] > 4, sum += row[i] > 4 ? i : 0;
  return hits == 1 ? sum : static_cast<int32_t>(std::max_element(row, row + kVocabulary) - row);
}

// row: [kVocabulary]. `gain` must outweigh all that earlier layers have added to the hidden state.
inline void write_token(float* row, int32_t token, float gain) {
  std::fill(row, row + kVocabulary, 0.0f);
  row[token] = gain;
}

inline uint64_t load_word(const std::byte* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

inline void store_word(std::byte* at, uint64_t word) { std::memcpy(at, &word, sizeof word); }

// Fails every so many calls; 0: never.
class Failpoint {
 public:
  explicit Failpoint(int64_t every) : every_(every) {}

  Status pass() {
    if (every_ == 0 || ++calls_ % every_ != 0) return ok();
    return Error{TENON_INTERNAL, "failpoint: this is call " + std::to_string(calls_)};
  }

 private:
  int64_t every_, calls_ = 0;
};

inline Error broken(const std::string& text) { return {TENON_INTERNAL, "broken contract: " + text}; }

}  // namespace tenon::sim
