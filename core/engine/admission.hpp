// What may be asked for at a time: a bound on the requests that run or wait, and on the tokens of their
// prompts. Work beyond it is refused before anything is allocated for it. Thread: any.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <mutex>
#include <utility>

namespace tenon {

class Admission;

// The share of some requests, given back when they end. The admission must outlive it.
class Admitted {
 public:
  Admitted() = default;
  Admitted(Admitted&& other) noexcept
      : admission_(other.admission_),
        requests_(std::exchange(other.requests_, 0)),
        prompt_tokens_(std::exchange(other.prompt_tokens_, 0)) {}
  Admitted& operator=(Admitted&&) = delete;
  inline ~Admitted();

  // The share of one of them, whose prompt has so many tokens. REQUIRES: it is in this one
  Admitted split(uint64_t prompt_tokens) {
    --requests_, prompt_tokens_ -= prompt_tokens;
    return {admission_, 1, prompt_tokens};
  }

 private:
  friend class Admission;
  Admitted(Admission* admission, uint64_t requests, uint64_t prompt_tokens)
      : admission_(admission), requests_(requests), prompt_tokens_(prompt_tokens) {}

  Admission* admission_ = nullptr;
  uint64_t requests_ = 0, prompt_tokens_ = 0;
};

class Admission {
 public:
  Admission(uint64_t requests_max, uint64_t prompt_tokens_max)
      : requests_max_(requests_max), prompt_tokens_max_(prompt_tokens_max) {}

  // All of these or none. Fails with TENON_OUT_OF_MEMORY and the numbers.
  Result<Admitted> take(uint64_t requests, uint64_t prompt_tokens) {
    std::lock_guard lock(mutex_);
    if (requests > requests_max_ - requests_)
      return refuse("requests", requests, requests_, requests_max_, "requests_max");
    if (prompt_tokens > prompt_tokens_max_ - prompt_tokens_)
      return refuse("prompt tokens", prompt_tokens, prompt_tokens_, prompt_tokens_max_, "prompt_tokens_max");
    requests_ += requests, prompt_tokens_ += prompt_tokens;
    return Admitted(this, requests, prompt_tokens);
  }
  void give_back(uint64_t requests, uint64_t prompt_tokens) {
    std::lock_guard lock(mutex_);
    requests_ -= requests, prompt_tokens_ -= prompt_tokens;
  }
  // That run or wait.
  uint64_t requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  static Error refuse(const char* what, uint64_t more, uint64_t present, uint64_t most, const char* key) {
    return {TENON_OUT_OF_MEMORY, "request: " + std::to_string(present) + " " + what + " run or wait and " +
                                     std::to_string(more) + " would be added, engine." + key + " is " +
                                     std::to_string(most)};
  }

  const uint64_t requests_max_, prompt_tokens_max_;
  mutable std::mutex mutex_;
  uint64_t requests_ = 0, prompt_tokens_ = 0;
};

Admitted::~Admitted() {
  if (requests_ > 0) admission_->give_back(requests_, prompt_tokens_);
}

}  // namespace tenon
