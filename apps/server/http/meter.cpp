#include <apps/server/http/meter.hpp>

namespace tenon::http {

void Meter::submitted(uint32_t answers, uint64_t prompt_tokens, uint64_t tokens_max) {
  std::lock_guard lock(mutex_);
  generation_.answers.resize(answers);
  generation_.prompt_tokens = prompt_tokens;
  generation_.tokens_max = tokens_max;
  generation_.submitted = Clock::now();
}

void Meter::token(uint32_t answer) {
  auto now = Clock::now();
  std::lock_guard lock(mutex_);
  Answer& of = generation_.answers[answer];
  if (of.tokens++ == 0)
    of.first = now;
  else
    of.intervals_s.push_back(std::chrono::duration<float>(now - of.last).count());
  of.last = now;
}

void Meter::finished(uint32_t answer, std::string_view reason, const Fare& fare) {
  std::lock_guard lock(mutex_);
  generation_.answers[answer].finish_reason = reason;
  generation_.answers[answer].fare = fare;
}

Generation Meter::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

}  // namespace tenon::http
