// The CPU kernels behind logit_row.hpp. logits: [count]
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

struct LogitSummary {
  float greatest;
  int32_t token;   // whose logit that is; of equals, the lowest id
  bool is_finite;  // all of them; if not, the other fields say nothing
};

struct LogitCandidate {
  float logit;
  int32_t token;
};

TENON_ISA_DECLARE(LogitSummary summarise_logits(const float* logits, int64_t count) noexcept);
TENON_ISA_DECLARE(int64_t collect_logits(const float* logits, int64_t count, float least,
                                         LogitCandidate* candidates) noexcept);
TENON_ISA_DECLARE(double sum_exp_logits(const float* logits, int64_t count, float greatest,
                                        float factor) noexcept);

}  // namespace tenon
