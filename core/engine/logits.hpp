// Questions about one row of logits.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace tenon {

// Without a way out on the way, so that the compiler takes many at once.
inline bool is_finite(std::span<const float> row) {
  constexpr uint32_t kExponent = 0x7f800000;  // all ones if the number is infinite or none
  uint32_t wrong = 0;
  for (float logit : row) wrong |= (std::bit_cast<uint32_t>(logit) & kExponent) == kExponent;
  return wrong == 0;
}

// The logarithm of what the probabilities of a row of logits are divided by.
inline double log_sum_exp(std::span<const float> row) {
  double greatest = *std::max_element(row.begin(), row.end()), sum = 0;
  for (float logit : row) sum += std::exp(logit - greatest);
  return greatest + std::log(sum);
}

}  // namespace tenon
