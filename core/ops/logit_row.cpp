#include <tenon/ops/logit_row.hpp>

namespace tenon {

LogitSummary LogitRows::summarise(std::span<const float> logits) const {
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), summarise_logits);
  return kernel(logits.data(), static_cast<int64_t>(logits.size()));
}

size_t LogitRows::collect(std::span<const float> logits, float least,
                          std::span<LogitCandidate> candidates) const {
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), collect_logits);
  int64_t count = kernel(logits.data(), static_cast<int64_t>(logits.size()), least, candidates.data());
  return static_cast<size_t>(count);
}

double LogitRows::sum_exp(std::span<const float> logits, float greatest, double temperature) const {
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), sum_exp_logits);
  return kernel(logits.data(), static_cast<int64_t>(logits.size()), greatest,
                static_cast<float>(1 / temperature));
}

}  // namespace tenon
