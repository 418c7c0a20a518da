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

struct AccumulateArgs {
  const float* x;        // [R, count]
  const int32_t* y_row;  // [R]
  const float* factor;   // [R]
  float* y;
  int64_t rows, columns, y_stride;
};

// y[y_row[r] * y_stride + m] += factor[r] * x[r, m], row by row.
TENON_ISA_DECLARE(void accumulate(const AccumulateArgs& args) noexcept);

// Rows [begin, end).
TENON_ISA_DECLARE(void rms_norm(const RmsNormArgs& args, int64_t begin, int64_t end) noexcept);

// Elements [begin, end).
TENON_ISA_DECLARE(void silu_multiply(const SiluMultiplyArgs& args, int64_t begin, int64_t end) noexcept);

}  // namespace tenon
