// linear, grouped_linear, embed: checks, and the division of the work among threads.
#include <tenon/base/checked.hpp>
#include <tenon/ops/linear_cpu.hpp>
#include <tenon/ops/ops.hpp>

#include <algorithm>

namespace tenon {
namespace {

// Multiply-adds that are worth a hand-over to another thread.
constexpr int64_t kWorkPerRange = 32768;

Error misfit(const char* op, const tenon_weight& weight, const Matrix& x, const Matrix& y) {
  return {TENON_INTERNAL, std::string(op) + ": weight [" + std::to_string(weight.rows) + ", " +
                              std::to_string(weight.columns) + "] does not fit x [" + std::to_string(x.rows) +
                              ", " + std::to_string(x.columns) + "] and y [" + std::to_string(y.rows) + ", " +
                              std::to_string(y.columns) + "]"};
}

bool fits(const tenon_weight& weight, const Matrix& x, const Matrix& y) {
  return !weight.members.empty() && x.columns == weight.columns && y.columns == weight.rows && x.rows == y.rows;
}

LinearArgs args_of(const tenon_weight& weight, size_t member) {
  LinearArgs args{};
  args.weight = weight.members[member].data, args.scales = weight.members[member].scales;
  args.dtype = static_cast<uint16_t>(weight.dtype);
  args.out = weight.rows, args.in = weight.columns;
  return args;
}

// Output features per range: enough work each, and a multiple of the kernel's tile.
int64_t grain_of(int64_t in, int64_t rows) {
  int64_t work_per_output = std::max<int64_t>(in * rows, 1);
  int64_t outputs = (kWorkPerRange + work_per_output - 1) / work_per_output;
  return static_cast<int64_t>(round_up(static_cast<uint64_t>(outputs), kLinearTile));
}

}  // namespace

Status DenseOps::linear(const tenon_weight& weight, const float* bias, Matrix x, Matrix y) const {
  if (!fits(weight, x, y)) return misfit("linear", weight, x, y);
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), linear);
  LinearArgs args = args_of(weight, 0);
  args.bias = bias, args.x = x.data, args.y = y.data, args.rows = x.rows;
  parallel_for(threads_, args.out, grain_of(args.in, args.rows),
               [&](int64_t begin, int64_t end) { kernel(args, begin, end); });
  return ok();
}

Status DenseOps::grouped_linear(const tenon_weight& weight, const int32_t* row_start, Matrix x,
                                Matrix y) const {
  if (!fits(weight, x, y)) return misfit("grouped_linear", weight, x, y);
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), linear);
  // One index space over all members' output features, so that few large members and many small ones both keep
  // every thread busy. A member without rows costs a comparison.
  int64_t members = static_cast<int64_t>(weight.members.size());
  int64_t grain = std::min(grain_of(weight.columns, std::max<int64_t>(1, x.rows / members)),
                           std::max<int64_t>(1, weight.rows));
  int64_t ranges = (weight.rows + grain - 1) / grain;
  parallel_for(threads_, members * ranges, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t member = i / ranges, first = i % ranges * grain;
      int64_t row = row_start[member], rows = row_start[member + 1] - row;
      if (rows == 0) continue;
      LinearArgs args = args_of(weight, static_cast<size_t>(member));
      args.x = x.row(row), args.y = y.row(row), args.rows = rows;
      kernel(args, first, std::min(first + grain, args.out));
    }
  });
  return ok();
}

Status DenseOps::embed(const tenon_weight& weight, const int32_t* tokens, Matrix y) const {
  if (weight.members.empty() || y.columns != weight.columns) return misfit("embed", weight, y, y);
  auto* kernel = TENON_ISA_PICK(static_cast<uint32_t>(isa_), read_row);
  for (int64_t r = 0; r < y.rows; ++r) {
    if (tokens[r] < 0 || tokens[r] >= weight.rows)
      return Error{TENON_INVALID, "embed: token id is " + std::to_string(tokens[r]) + ", must be from 0 to " +
                                      std::to_string(weight.rows - 1)};
    LinearArgs args = args_of(weight, 0);
    args.y = y.row(r);
    kernel(args, tokens[r]);
  }
  return ok();
}

}  // namespace tenon
