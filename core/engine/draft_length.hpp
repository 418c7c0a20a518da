// How many tokens to guess. Each length, none included, is tried now and then, and the one whose steps brought
// most tokens per second is used in between. Which one it is changes no token.
#pragma once
#include <cstdint>
#include <vector>

namespace tenon {

class DraftLength {
 public:
  // Tries lengths from 0 to longest; always `longest` unless is_adaptive.
  DraftLength(uint32_t longest, bool is_adaptive)
      : rates_(longest + 1, 0.0), length_(longest), is_adaptive_(is_adaptive) {}

  uint32_t length() const { return length_; }

  // A step in which every sequence decoded, with drafts of the present length, brought so many tokens.
  void record(uint32_t tokens, double seconds) {
    if (!is_adaptive_ || rates_.size() == 1 || seconds <= 0) return;
    seen_tokens_ += tokens, seen_seconds_ += seconds;
    if (++steps_ < (is_trial_ ? kTrialSteps : kSteadySteps)) return;
    double rate = seen_tokens_ / seen_seconds_;
    double& known = rates_[length_];
    known = known == 0 ? rate : 0.5 * known + 0.5 * rate;
    choose_next();
    seen_tokens_ = seen_seconds_ = 0, steps_ = 0;
  }

 private:
  static constexpr uint32_t kTrialSteps = 6, kSteadySteps = 64;

  // After a trial the best so far; after a steady time a trial of the length that has not been tried for
  // longest.
  void choose_next() {
    bool all_known = true;
    for (double rate : rates_) all_known &= rate > 0;
    if (!is_trial_ || !all_known) {
      next_trial_ = (next_trial_ + 1) % static_cast<uint32_t>(rates_.size());
      length_ = next_trial_, is_trial_ = true;
      return;
    }
    for (uint32_t i = 0; i < rates_.size(); ++i)
      if (rates_[i] > rates_[length_]) length_ = i;
    is_trial_ = false;
  }

  std::vector<double> rates_;  // [longest + 1] tokens per second, 0 before the first trial
  uint32_t length_, next_trial_ = 0, steps_ = 0;
  double seen_tokens_ = 0, seen_seconds_ = 0;
  bool is_adaptive_, is_trial_ = true;
};

}  // namespace tenon
