// The CPU kernels behind linear, grouped_linear and embed: dot products of float32 rows with stored rows.
//
// y[r, n] is the sum over m, in steps of 16 lanes from 0 upwards, then across the lanes: an order that depends
// on the length of a row alone, so neither the number of rows nor the cut between threads changes a bit (rule
// D1).
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon {

struct LinearArgs {
  const std::byte* weight;  // [N, M] of dtype
  const float* scales;      // [ceil(N / 128), ceil(M / 128)], for f8_e4m3
  uint16_t dtype;           // TENON_F32, TENON_F16, TENON_BF16 or TENON_F8_E4M3
  const float* bias;        // [N] or NULL
  const float* x;           // [R, M]
  float* y;                 // y[r * y_stride + n - y_first] is feature n of row r
  int64_t y_stride, y_first;
  int64_t out, in, rows;  // N, M, R
};

// Output features are computed in tiles of this many; ranges given to a kernel begin at a multiple of it.
inline constexpr int64_t kLinearTile = 4;

// Computes the output features [begin, end) of all rows.
TENON_ISA_DECLARE(void linear(const LinearArgs& args, int64_t begin, int64_t end) noexcept);

// y[0, :] = row `index` of the weight; x and bias are not read.
TENON_ISA_DECLARE(void read_row(const LinearArgs& args, int64_t index) noexcept);

}  // namespace tenon
