#include <tenon/ops/rows_cpu.hpp>
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {

void rms_norm(const RmsNormArgs& args, int64_t begin, int64_t end) noexcept {
  for (int64_t r = begin; r < end; ++r) {
    const float* x = args.x + r * args.columns;
    float* y = args.y + r * args.columns;
    float mean = dot(x, x, args.columns) / static_cast<float>(args.columns);
    float factor = 1.0f / __builtin_sqrtf(mean + args.eps);
    for (int64_t m = 0; m < args.columns; ++m) y[m] = x[m] * factor * (args.offset + args.gain[m]);
  }
}

void silu_multiply(const SiluMultiplyArgs& args, int64_t begin, int64_t end) noexcept {
  for (int64_t i = begin; i < end; i += kLanes) {
    int64_t count = end - i < kLanes ? end - i : kLanes;
    f32x16 gate = load_some(args.gate + i, count);
    store_some(args.y + i, gate * sigmoid(gate) * load_some(args.up + i, count), count);
  }
}

void accumulate(const AccumulateArgs& args) noexcept {
  for (int64_t r = 0; r < args.rows; ++r)
    add_scaled(args.y + args.y_row[r] * args.y_stride, args.factor[r], args.x + r * args.columns, args.columns);
}

}  // namespace tenon::TENON_ISA_NAMESPACE
