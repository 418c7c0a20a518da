#include "kernels.hpp"

#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {

void moe_softmax(float* x, int64_t count) noexcept {
  float most = x[0];
  for (int64_t i = 1; i < count; ++i) most = x[i] > most ? x[i] : most;
  f32x16 total{};
  for (int64_t i = 0; i < count; i += kLanes) {
    int64_t lanes = count - i < kLanes ? count - i : kLanes;
    store_some(x + i, exp(load_some(x + i, lanes) - most), lanes);
    total += load_some(x + i, lanes);
  }
  scale(x, 1.0f / sum(total), count);
}

void moe_add_scaled(float* y, float factor, const float* x, int64_t count) noexcept {
  add_scaled(y, factor, x, count);
}

}  // namespace tenon::TENON_ISA_NAMESPACE
