#include "peaks_cpu.hpp"

#include <tenon/ops/dot_bytes.hpp>

namespace tenon::TENON_ISA_NAMESPACE {

int32_t read_all(const std::byte* from, int64_t bytes) noexcept {
  i32x16 sums[4] = {};
  for (int64_t at = 0; at < bytes; at += 256)
    for (int i = 0; i < 4; ++i) sums[i] += load_bytes<i32x16>(from + at + 64 * i);
  i32x16 sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return sum[0] ^ sum[7];
}

int32_t multiply_bytes(int64_t rounds) noexcept {
  i32x16 sums[kPeakChains];
  for (int i = 0; i < kPeakChains; ++i)
    sums[i] = i32x16{} + i;  // all different, or the compiler would keep one
  u32x16 codes = u32x16{} + 0x01020304u;
  const uint32_t x = 0x01010101u;
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int j = 0; j < kPeakChains; ++j) sums[j] = add_dots<4>(sums[j], codes, x);
  i32x16 total{};
#pragma GCC unroll 12
  for (int j = 0; j < kPeakChains; ++j) total += sums[j];
  return total[0];
}

float multiply_floats(int64_t rounds) noexcept {
  f32x16 sums[kPeakChains];
#pragma GCC unroll 12
  for (int i = 0; i < kPeakChains; ++i) sums[i] = splat(static_cast<float>(i));
  f32x16 a = splat(1.0001f), b = splat(0.9999f);
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int j = 0; j < kPeakChains; ++j) sums[j] = fma(a, b, sums[j]);
  f32x16 total{};
#pragma GCC unroll 12
  for (int j = 0; j < kPeakChains; ++j) total += sums[j];
  return total[0];
}

}  // namespace tenon::TENON_ISA_NAMESPACE
