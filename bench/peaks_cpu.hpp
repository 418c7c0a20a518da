// What the machine can do at most: the yardsticks of op_bench, compiled per instruction set.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon {

#define TENON_PEAK_KERNELS                                                          \
  /* The sum of all words, so that they must be read. REQUIRES: bytes % 256 == 0 */ \
  int32_t read_all(const std::byte* from, int64_t bytes) noexcept;                  \
  /* 16 x 4 multiply-adds of bytes, 16 * `rounds` times, in registers. */           \
  int32_t multiply_bytes(int64_t rounds) noexcept;                                  \
  /* 16 multiply-adds of float32, 16 * `rounds` times, in registers. */             \
  float multiply_floats(int64_t rounds) noexcept
TENON_ISA_DECLARE(TENON_PEAK_KERNELS);
namespace isa_avx512vnni {
TENON_PEAK_KERNELS;
}
#undef TENON_PEAK_KERNELS

}  // namespace tenon
