// rms_norm, silu_multiply, add: checks, and the division of the work among threads.
#include <tenon/ops/ops.hpp>
#include <tenon/ops/rows_cpu.hpp>

#include <algorithm>

namespace tenon {
namespace {

constexpr int64_t kElementsPerRange = 16384;

bool same_shape(const Matrix& a, const Matrix& b) { return a.rows == b.rows && a.columns == b.columns; }

std::string text_of(const Matrix& m) {
  return "[" + std::to_string(m.rows) + ", " + std::to_string(m.columns) + "]";
}

Error misfit(const std::string& matrices) { return {TENON_INTERNAL, matrices + " differ in shape"}; }

}  // namespace

Status DenseOps::rms_norm(const float* gain, float offset, float eps, Matrix x, Matrix y) const {
  if (!same_shape(x, y)) return misfit("rms_norm: x " + text_of(x) + " and y " + text_of(y));
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), rms_norm);
  RmsNormArgs args{gain, offset, eps, x.data, y.data, x.columns};
  int64_t grain = std::max<int64_t>(1, kElementsPerRange / std::max<int64_t>(1, x.columns));
  parallel_for(threads_, x.rows, grain, [&](int64_t begin, int64_t end) { kernel(args, begin, end); });
  return ok();
}

Status DenseOps::silu_multiply(Matrix gate, Matrix up, Matrix y) const {
  if (!same_shape(gate, up) || !same_shape(gate, y))
    return misfit("silu_multiply: gate " + text_of(gate) + ", up " + text_of(up) + " and y " + text_of(y));
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), silu_multiply);
  SiluMultiplyArgs args{gate.data, up.data, y.data};
  parallel_for(threads_, y.rows * y.columns, kElementsPerRange,
               [&](int64_t begin, int64_t end) { kernel(args, begin, end); });
  return ok();
}

void DenseOps::add(Matrix x, Matrix y) const {
  int64_t count = x.rows * x.columns;
  for (int64_t i = 0; i < count; ++i) y.data[i] += x.data[i];
}

}  // namespace tenon
