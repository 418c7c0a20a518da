// What drawing a token reads of a row of logits. A vocabulary has 150,000 of them, so they are gone over many
// at once, and as seldom as may be. Thread: any; nothing is allocated.
#pragma once
#include <tenon/base/isa.hpp>
#include <tenon/ops/logit_row_cpu.hpp>

#include <span>

namespace tenon {

class LogitRows {
 public:
  explicit LogitRows(Isa isa) : isa_(isa) {}

  // REQUIRES: logits is not empty
  LogitSummary summarise(std::span<const float> logits) const;
  // Those that are at least so great, by ascending id. candidates: room for all. Returns how many.
  size_t collect(std::span<const float> logits, float least, std::span<LogitCandidate> candidates) const;
  // The sum of exp((logit - greatest) / temperature), to about 1e-7 of it; minus infinity counts nothing.
  double sum_exp(std::span<const float> logits, float greatest, double temperature) const;

 private:
  Isa isa_;
};

}  // namespace tenon
