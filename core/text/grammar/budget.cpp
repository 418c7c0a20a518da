#include <tenon/text/grammar/budget.hpp>

#include <spdlog/fmt/fmt.h>

#include <ctime>

namespace tenon::grammar {
namespace {

constexpr const char* kTooComplex = "grammar_too_complex";
constexpr uint32_t kCallsPerClock = 512;

uint64_t cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

}  // namespace

Budget::Budget(const CompileLimits& limits) : limits_(limits), start_ns_(cpu_ns()) {}

bool Budget::take(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits_.bytes_max) is_spent_ = true;
  if (until_clock_-- == 0) {
    until_clock_ = kCallsPerClock;
    if (cpu_ns() - start_ns_ > limits_.cpu_ms_max * 1'000'000) is_spent_ = true;
  }
  return !is_spent_;
}

Error Budget::error() const {
  return too_complex(
      fmt::format("takes more than {} ms or {} MiB to compile", limits_.cpu_ms_max, limits_.bytes_max >> 20));
}

Error too_complex(const std::string& why) { return {TENON_INVALID, std::string(kTooComplex) + ": " + why}; }

bool is_too_complex(const Error& error) { return error.text.find(kTooComplex) != std::string::npos; }

}  // namespace tenon::grammar
