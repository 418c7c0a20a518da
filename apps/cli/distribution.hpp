// Logits as distributions over tokens.
#pragma once
#include <cstdint>

namespace tenon::cli {

// log of the sum of exp(logits[i]): what a token's logit exceeds it by is the log of the token's probability.
double log_sum(const float* logits, int64_t count);

// What is lost on average by taking q for p, in nats: the Kullback-Leibler divergence.
double divergence(const float* p, const float* q, int64_t count);

// The most probable token, the first of several.
int64_t top_token(const float* logits, int64_t count);

}  // namespace tenon::cli
