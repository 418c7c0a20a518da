// The CPU kernels that go over rows one by one: norms and activations.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

struct RmsNormArgs {
  const float* gain;  // [M]
  float offset, eps;
  const float* x;  // [R, M]
  float* y;        // [R, M], may be x
  int64_t columns;
};

struct SiluMultiplyArgs {
  const float *gate, *up;  // [count]
  float* y;                // [count], may be gate
};

// Rows [begin, end).
TENON_ISA_DECLARE(void rms_norm(const RmsNormArgs& args, int64_t begin, int64_t end) noexcept);

// Elements [begin, end).
TENON_ISA_DECLARE(void silu_multiply(const SiluMultiplyArgs& args, int64_t begin, int64_t end) noexcept);

}  // namespace tenon
