#include <tenon/ops/block_products.hpp>

#include <tenon/ops/packing.hpp>
#include <tenon/weights/weight_blocks.hpp>

#include <algorithm>

namespace tenon {
namespace {

// What a worker holds: kLinearTile rows of the weight in float32, or as many rows of x in 8 bits as fit.
constexpr int64_t kWorkerBytes = BlockProducts::kColumnsMax * kLinearTile * static_cast<int64_t>(sizeof(float));

int64_t rows_held(int64_t in) {
  int64_t row_bytes = in / kGroupInputs * static_cast<int64_t>(sizeof(ActivationGroup));
  return kWorkerBytes / std::max<int64_t>(row_bytes, 1);
}

// So many of them meet one panel after the other: for 4,096 inputs 432 KiB, which stay in a second-level cache.
constexpr int64_t kRowsAtATime = 6 * kStripRows;

bool has_vnni(Isa isa) { return isa == Isa::kAvx512 && __builtin_cpu_supports("avx512vnni"); }

}  // namespace

QuantisedKernels quantised_kernels(Isa isa) {
  QuantisedKernels kernels{};
  kernels.quantise_rows = TENON_ISA_PICK(static_cast<uint32_t>(isa), quantise_rows);
  kernels.quantise_activated = TENON_ISA_PICK(static_cast<uint32_t>(isa), quantise_activated);
  kernels.multiply_panels = TENON_ISA_PICK(static_cast<uint32_t>(isa), multiply_panels);
  if (has_vnni(isa)) kernels.multiply_panels = &isa_avx512vnni::multiply_panels;
  return kernels;
}

PanelArgs panel_args(const tenon_weight& weight, int64_t member) {
  PanelArgs args{};
  args.kind = *find_panel_kind(weight.dtype);
  args.panels = panels_of(weight, static_cast<size_t>(member));
  args.out = weight.rows, args.in = weight.columns, args.y_stride = weight.rows;
  return args;
}

BlockProducts::BlockProducts(Isa isa, uint32_t workers) : workers_(new Worker[workers]) {
  linear_ = TENON_ISA_PICK(static_cast<uint32_t>(isa), linear);
  kernels_ = quantised_kernels(isa);
  for (uint32_t i = 0; i < workers; ++i) workers_[i].memory.reset(new std::byte[kWorkerBytes]);
}

void BlockProducts::run(const tenon_weight& weight, int64_t member, const LinearArgs& args, int64_t begin,
                        int64_t end, uint32_t worker) {
  if (!weight.is_packed()) return run_dequantised(weight, member, args, begin, end, worker);
  run_packed(panel_args(weight, member), args, begin, end, workers_[worker]);
}

void BlockProducts::run_packed(PanelArgs panels, const LinearArgs& args, int64_t begin, int64_t end,
                               Worker& worker) {
  panels.bias = args.bias, panels.y_stride = args.y_stride, panels.y_first = args.y_first;
  int64_t held = rows_held(args.in), groups = args.in / kGroupInputs;
  for (int64_t row = 0; row < args.rows; row += held) {
    int64_t count = std::min(held, args.rows - row);
    const ActivationGroup* x =
        quantised({args.x + row * args.in, count, args.in, panels.kind, nullptr}, worker);
    for (int64_t r = 0; r < count; r += kRowsAtATime) {
      panels.rows = std::min(kRowsAtATime, count - r);
      panels.x = x + r * groups, panels.y = args.y + (row + r) * args.y_stride;
      kernels_.multiply_panels(panels, begin / kPanelRows, (end + kPanelRows - 1) / kPanelRows);
    }
  }
}

const ActivationGroup* BlockProducts::quantised(const QuantiseArgs& rows, Worker& worker) const {
  auto* groups = reinterpret_cast<ActivationGroup*>(worker.memory.get());
  if (worker.product == product_ && worker.x == rows.x && worker.rows == rows.rows) return groups;
  QuantiseArgs args = rows;
  args.to = groups;
  kernels_.quantise_rows(args);
  worker.product = product_, worker.x = rows.x, worker.rows = rows.rows;
  return groups;
}

void BlockProducts::run_dequantised(const tenon_weight& weight, int64_t member, const LinearArgs& args,
                                    int64_t begin, int64_t end, uint32_t worker) {
  std::byte* memory = workers_[worker].memory.get();
  for (int64_t n = begin; n < end; n += kLinearTile) {
    int64_t count = std::min(end - n, kLinearTile);
    dequantise_rows(weight, static_cast<size_t>(member), n, count, reinterpret_cast<float*>(memory));
    LinearArgs part = args;
    part.weight = memory, part.dtype = TENON_F32;
    part.y += n - args.y_first, part.y_first = 0, part.bias = args.bias ? args.bias + n : nullptr;
    linear_(part, 0, count);
  }
}

}  // namespace tenon
