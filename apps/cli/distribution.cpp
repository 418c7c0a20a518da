#include "distribution.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::cli {

double log_sum(const float* logits, int64_t count) {
  float most = *std::max_element(logits, logits + count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(double{logits[i]} - most);
  return most + std::log(sum);
}

double divergence(const float* p, const float* q, int64_t count) {
  double p_sum = log_sum(p, count), q_sum = log_sum(q, count), sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(p[i] - p_sum) * ((p[i] - p_sum) - (q[i] - q_sum));
  return sum;
}

int64_t top_token(const float* logits, int64_t count) {
  return std::max_element(logits, logits + count) - logits;
}

}  // namespace tenon::cli
