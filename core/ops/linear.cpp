// linear, grouped_linear, expert_mlp, embed: checks, and the division of the work among threads.
#include <tenon/base/checked.hpp>
#include <tenon/ops/expert_cache.hpp>
#include <tenon/ops/linear_cpu.hpp>
#include <tenon/ops/ops.hpp>
#include <tenon/weights/weight_blocks.hpp>

#include <algorithm>

namespace tenon {
namespace {

// Multiply-adds that are worth a hand-over to another thread: some microseconds.
constexpr int64_t kWorkPerRange = 32768;
// At least so many, so that rows of x that are in a cache meet more than one tile.
constexpr int64_t kOutputsPerRange = 16;
// Panels of a packed weight per range: at most so many that bringing x into 8 bits, which each thread does for
// itself, weighs little; fewer where that would leave threads without work.
constexpr int64_t kPanelsPerRangeMin = 4, kPanelsPerRangeMax = 32, kRangesPerThread = 4;

Error misfit(const char* op, const tenon_weight& weight, const Matrix& x, const Matrix& y) {
  return {TENON_INTERNAL, std::string(op) + ": weight [" + std::to_string(weight.rows) + ", " +
                              std::to_string(weight.columns) + "] does not fit x [" + std::to_string(x.rows) +
                              ", " + std::to_string(x.columns) + "] and y [" + std::to_string(y.rows) + ", " +
                              std::to_string(y.columns) + "]"};
}

bool is_in_blocks(const tenon_weight& weight) { return block_of(weight.dtype).elements > 1; }

bool fits(const tenon_weight& weight, const Matrix& x, const Matrix& y) {
  if (weight.columns > BlockProducts::kColumnsMax && is_in_blocks(weight)) return false;
  return !weight.members.empty() && x.columns == weight.columns && y.columns == weight.rows && x.rows == y.rows;
}

LinearArgs args_of(const tenon_weight& weight, size_t member) {
  LinearArgs args{};
  args.weight = elements_of(weight, member), args.scales = weight.members[member].scales;
  args.dtype = static_cast<uint16_t>(weight.dtype);
  args.out = args.y_stride = weight.rows, args.in = weight.columns;
  return args;
}

// Output features per range: enough work each, and a multiple of what kernels compute at once.
int64_t grain_of(const tenon_weight& weight, int64_t rows) {
  int64_t work_per_output = std::max<int64_t>(weight.columns * rows, 1);
  int64_t outputs = std::max((kWorkPerRange + work_per_output - 1) / work_per_output, kOutputsPerRange);
  return static_cast<int64_t>(round_up(static_cast<uint64_t>(outputs), kLinearTile));
}

// The same for a packed weight of which `members` have rows.
int64_t packed_grain_of(const tenon_weight& weight, int64_t members, int64_t threads) {
  int64_t panels = members * (weight.rows + kPanelRows - 1) / kPanelRows;
  return kPanelRows * std::clamp(panels / (threads * kRangesPerThread), kPanelsPerRangeMin, kPanelsPerRangeMax);
}

}  // namespace

DenseOps::DenseOps(Isa isa, ThreadPool& threads)
    : isa_(isa),
      threads_(threads),
      blocks_(std::make_unique<BlockProducts>(isa, threads.threads())),
      experts_(std::make_unique<ExpertMlp>(isa, threads, *blocks_)) {}

// Rows [row_start[e], row_start[e + 1]) of x and y belong to member e.
struct DenseOps::Product {
  const tenon_weight& weight;
  const float* bias;
  const int32_t* row_start;
  Matrix x, y;
};

Status DenseOps::linear(const tenon_weight& weight, const float* bias, Matrix x, Matrix y) const {
  if (!fits(weight, x, y)) return misfit("linear", weight, x, y);
  if (weight.members.size() > 1)
    return Error{TENON_INTERNAL, "linear: weight has " + std::to_string(weight.members.size()) +
                                     " members, expected one; grouped_linear takes several"};
  int32_t row_start[2] = {0, static_cast<int32_t>(x.rows)};
  multiply({weight, bias, row_start, x, y});
  return ok();
}

Status DenseOps::grouped_linear(const tenon_weight& weight, const int32_t* row_start, Matrix x,
                                Matrix y) const {
  if (!fits(weight, x, y)) return misfit("grouped_linear", weight, x, y);
  if (weight.cached) return multiply_in_rounds({weight, nullptr, row_start, x, y});
  multiply({weight, nullptr, row_start, x, y});
  return ok();
}

Status DenseOps::expert_mlp(const tenon_expert_mlp& job) const {
  Matrix x(job.x), y(job.y), inner(nullptr, x.rows, job.gate->rows);
  if (!fits(*job.gate, x, inner)) return misfit("expert_mlp: gate", *job.gate, x, inner);
  if (!fits(*job.up, x, inner)) return misfit("expert_mlp: up", *job.up, x, inner);
  if (!fits(*job.down, inner, y)) return misfit("expert_mlp: down", *job.down, inner, y);
  if (job.up->members.size() != job.gate->members.size() ||
      job.down->members.size() != job.gate->members.size())
    return Error{TENON_INTERNAL, "expert_mlp: gate, up and down differ in members"};
  return experts_->run(job);
}

void DenseOps::multiply(const Product& product) const {
  // One index space over all members' output features, so that few large members and many small ones both keep
  // every thread busy. A member without rows costs a comparison.
  const tenon_weight& weight = product.weight;
  int64_t members = static_cast<int64_t>(weight.members.size());
  int64_t grain = weight.is_packed()
                      ? packed_grain_of(weight, std::min(members, product.x.rows), threads_.threads())
                      : grain_of(weight, std::max<int64_t>(1, product.x.rows / members));
  grain = std::min(grain, std::max<int64_t>(1, weight.rows));
  int64_t ranges = (weight.rows + grain - 1) / grain;
  blocks_->start();
  parallel_for(threads_, members * ranges, 1, [&](int64_t begin, int64_t end, uint32_t worker) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t first = i % ranges * grain;
      multiply_range(product, i / ranges, first, std::min(first + grain, weight.rows), worker);
    }
  });
}

// Of a weight whose members come and go: one after the other, those that are in memory first.
Status DenseOps::multiply_in_rounds(const Product& product) const {
  MemberRounds rounds(product.weight, product.row_start);
  blocks_->start();
  auto multiply_all = [&](std::span<const int32_t> members) {
    for (int32_t member : members)
      parallel_for(threads_, product.weight.rows, kPanelsPerRangeMin * kPanelRows,
                   [&](int64_t begin, int64_t end, uint32_t worker) {
                     multiply_range(product, member, begin, end, worker);
                   });
  };
  while (rounds.next()) {
    multiply_all(rounds.here());
    TENON_TRY(rounds.wait());
    multiply_all(rounds.coming());
  }
  return ok();
}

void DenseOps::multiply_range(const Product& product, int64_t member, int64_t begin, int64_t end,
                              uint32_t worker) const {
  int64_t row = product.row_start[member];
  LinearArgs args = args_of(product.weight, static_cast<size_t>(member));
  args.rows = product.row_start[member + 1] - row;
  if (args.rows == 0) return;
  args.bias = product.bias, args.x = product.x.row(row), args.y = product.y.row(row);
  if (is_in_blocks(product.weight)) return blocks_->run(product.weight, member, args, begin, end, worker);
  TENON_ISA_PICK(static_cast<uint32_t>(isa_), linear)(args, begin, end);
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
    if (is_in_blocks(weight))
      dequantise_rows(weight, 0, tokens[r], 1, args.y);
    else
      kernel(args, tokens[r]);
  }
  return ok();
}

}  // namespace tenon
