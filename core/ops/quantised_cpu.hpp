// The CPU kernels behind linear and grouped_linear on packed weights: products of 8-bit activations and integer
// codes.
//
// Each row of x is cut into groups of 32 inputs; a group becomes 32 integers from -127 to 127 and one scale.
// Within a span of 16 or 32 inputs integers are multiplied and added exactly; the spans' results are scaled and
// added in float32, from input 0 upwards, for each feature and row on its own. So neither the number of rows
// nor the cut between threads changes a bit (rule D1), and all instruction sets agree but for the rounding of
// one fused multiply-add.
#pragma once
#include <tenon/ops/panel_layout.hpp>
#include <tenon/sdk/isa.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon {

// 32 inputs of a row. Rows are kept in strips of 12, the last may have less; the groups of a strip of h rows
// are [M / 32][h], so that what is needed together lies together.
inline constexpr int64_t kStripRows = 12;

struct ActivationGroup {
  uint32_t word[8];  // inputs 4k .. 4k+3 in word k, the first in the low byte; signed bytes
  float scale;       // an input is scale * byte
  // What the spans' sums of bytes add to a product: two spans of 16 inputs, or one of 32 and nothing.
  union {
    int32_t start[2];  // -zero * sum, where codes have a zero
    float minimum[2];  // scale * sum, to be multiplied by the minimum
  };
  uint32_t unused;  // keeps a multiple of 16 bytes
};

struct QuantiseArgs {
  const float* x;  // [R, M]
  int64_t rows, in;
  PanelKind kind;       // of the weight that the activations are for
  ActivationGroup* to;  // strips
};

struct PanelArgs {
  const std::byte* panels;  // of the member, see panel_layout.hpp
  PanelKind kind;
  const float* bias;         // [N] or NULL
  const ActivationGroup* x;  // strips
  float* y;                  // y[r * y_stride + n - y_first] is feature n of row r
  int64_t y_stride, y_first;
  int64_t out, in, rows;  // N, M, R
};

struct ActivateArgs {
  const float *gate, *up;  // [M] silu(gate) * up is what becomes 8 bits
  int64_t in;              // M
  PanelKind kind;          // of the weight that the activations are for
  ActivationGroup* to;     // the row's groups are at to[0], to[stride] ...
  int64_t stride;
};

#define TENON_QUANTISED_KERNELS                                       \
  void quantise_rows(const QuantiseArgs& args) noexcept;              \
  void quantise_activated(const ActivateArgs& args) noexcept;         \
  /* Computes the features of the panels [begin, end) of all rows. */ \
  void multiply_panels(const PanelArgs& args, int64_t begin, int64_t end) noexcept
TENON_ISA_DECLARE(TENON_QUANTISED_KERNELS);
// For processors with AVX-512 and its dot products of bytes (VNNI).
namespace isa_avx512vnni {
TENON_QUANTISED_KERNELS;
}
#undef TENON_QUANTISED_KERNELS

}  // namespace tenon
