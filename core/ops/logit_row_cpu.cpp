#include <tenon/ops/logit_row_cpu.hpp>
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

constexpr int32_t kExponent = 0x7f800000;  // all ones if a number is infinite or none
constexpr float kLowest = -__FLT_MAX__;

// Beyond the row's end there are logits that nobody takes.
f32x16 load_padded(const float* logits, int64_t at, int64_t count) {
  if (at + kLanes <= count) return load(logits + at);
  f32x16 v = splat(kLowest);
  __builtin_memcpy(&v, logits + at, static_cast<uint64_t>(count - at) * sizeof(float));
  return v;
}

}  // namespace

// Each lane keeps the greatest that it has seen first, and where.
LogitSummary summarise_logits(const float* logits, int64_t count) noexcept {
  f32x16 greatest = splat(kLowest);
  i32x16 place{}, wrong{};
  for (int64_t i = 0; i < count; i += kLanes) {
    f32x16 v = load_padded(logits, i, count);
    i32x16 is_greater = v > greatest;
    greatest = is_greater ? v : greatest;
    place = is_greater ? i32x16{} + static_cast<int32_t>(i) : place;
    wrong |= (reinterpret_cast<i32x16>(v) & kExponent) == kExponent;
  }
  LogitSummary summary{max_lane(greatest), __INT32_MAX__, !any(wrong)};
  for (int lane = 0; lane < kLanes; ++lane) {
    int32_t token = place[lane] + lane;
    if (greatest[lane] == summary.greatest && token < summary.token) summary.token = token;
  }
  return summary;
}

int64_t collect_logits(const float* logits, int64_t count, float least, LogitCandidate* candidates) noexcept {
  int64_t found = 0;
  for (int64_t i = 0; i < count; i += kLanes) {
    f32x16 v = load_padded(logits, i, count);
    if (!any(v >= least)) continue;
    for (int64_t token = i; token < i + kLanes && token < count; ++token)
      if (logits[token] >= least) candidates[found++] = {logits[token], static_cast<int32_t>(token)};
  }
  return found;
}

// Added up in float64, since the many small ones count as much as the few great ones.
double sum_exp_logits(const float* logits, int64_t count, float greatest, float factor) noexcept {
  using f64x16 = double __attribute__((vector_size(128)));
  f64x16 total{};
  for (int64_t i = 0; i < count; i += kLanes)
    total += __builtin_convertvector(exp((load_padded(logits, i, count) - greatest) * factor), f64x16);
  double sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += total[lane];
  return sum;
}

}  // namespace tenon::TENON_ISA_NAMESPACE
