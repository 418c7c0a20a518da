// The answer that the oracle expects to a request, greedy or sampled.
#pragma once
#include <tenon/engine/request.hpp>

#include <cstdint>
#include <vector>

namespace tenon::sim {

struct Answer {
  std::vector<int32_t> tokens;  // up to the first that ends an answer, if any
  FinishReason reason = FinishReason::kLength;
};

// At most `count` tokens. A sampled answer ends before a token that rounding could decide; the request is to be
// cut to what remains, which may be nothing. prompt_phase: how the model computes the prompt.
Answer expected_answer(const Request& request, uint32_t count, int32_t prompt_phase);

}  // namespace tenon::sim
