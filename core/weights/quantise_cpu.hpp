// The parts of quantise() that take time, over 16 spans or 16 values at once. Nothing here depends on the
// instruction set: there is no fused multiply-add, and sums go from a span's first value to its last.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

inline constexpr int kSpanLengthMax = 128;

struct FitArgs {
  const float* values;  // [spans][length]
  int64_t spans;
  int length;      // a multiple of 16
  float* scale;    // [spans]
  float* minimum;  // [spans], of fit_lines
};

// Codes of `count` values, a multiple of 16: the nearest integers to (value + add) * factor from `low` to
// `high`, less `low`.
struct CodeArgs {
  const float* values;
  int64_t count;
  float add, factor;
  int low, high;
  uint8_t* codes;
};

#define TENON_QUANTISE_KERNELS                                                                             \
  /* The scales with value ~ scale * code, codes from -levels to levels - 1. The sign is that of the value \
     of the greatest magnitude, turned round. */                                                           \
  void fit_scales(const FitArgs& args, int levels) noexcept;                                               \
  /* The lines with value ~ scale * code - minimum, codes from 0 to 15; both are at least 0. */            \
  void fit_lines(const FitArgs& args) noexcept;                                                            \
  void put_codes(const CodeArgs& args) noexcept
TENON_ISA_DECLARE(TENON_QUANTISE_KERNELS);
#undef TENON_QUANTISE_KERNELS

}  // namespace tenon
