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
  i32x16 sums[16] = {};
  u32x16 codes = u32x16{} + 0x01020304u;
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 16
    for (i32x16& sum : sums) sum = add_dots<4>(sum, codes, 0x01010101u);
  i32x16 total{};
  for (i32x16& sum : sums) total += sum;
  return total[0];
}

float multiply_floats(int64_t rounds) noexcept {
  f32x16 sums[16] = {};
  f32x16 a = splat(1.0001f), b = splat(0.9999f);
  for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 16
    for (f32x16& sum : sums) sum = fma(a, b, sum);
  f32x16 total{};
  for (f32x16& s : sums) total += s;
  return total[0];
}

}  // namespace tenon::TENON_ISA_NAMESPACE
