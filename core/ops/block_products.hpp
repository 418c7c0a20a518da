// Products with weights in blocks. Two ways, chosen by how the weight is kept: packed
// ones meet activations of 8 bits (quantised_cpu.hpp), the others are read as float32, a few features at a
// time, and meet float32.
//
// Thread: start [step, one at a time], run on any number of workers until the next start.
#pragma once
#include <tenon/base/isa.hpp>
#include <tenon/ops/linear_cpu.hpp>
#include <tenon/ops/quantised_cpu.hpp>
#include <tenon/weights/weight.hpp>

#include <memory>

namespace tenon {

// The kernels of quantised_cpu.hpp for an instruction set, with VNNI where the processor has it.
struct QuantisedKernels {
  decltype(&isa_scalar::quantise_rows) quantise_rows;
  decltype(&isa_scalar::quantise_activated) quantise_activated;
  decltype(&isa_scalar::multiply_panels) multiply_panels;
};
QuantisedKernels quantised_kernels(Isa isa);

// A member of a packed weight as multiply_panels takes it; x, y, rows and bias are left to be filled in.
PanelArgs panel_args(const tenon_weight& weight, int64_t member);

class BlockProducts {
 public:
  // Rows of weights must not be longer, so that a worker's memory holds one.
  static constexpr int64_t kColumnsMax = 1 << 18;

  BlockProducts(Isa isa, uint32_t workers);

  // Before a product: x may have other values than in the last one.
  void start() { ++product_; }
  // Features [begin, end) of all rows, by `worker`. `args` is of a member of `weight`.
  // REQUIRES: for a packed weight, begin is a multiple of kPanelRows
  void run(const tenon_weight& weight, int64_t member, const LinearArgs& args, int64_t begin, int64_t end,
           uint32_t worker);
  // Before a run by `worker` on other values at the place of the last ones.
  void forget(uint32_t worker) { workers_[worker].product = 0; }

 private:
  // A worker's memory, and which rows of x it holds in 8 bits: ranges of features follow each other with the
  // same.
  struct Worker {
    std::unique_ptr<std::byte[]> memory;  // pages cost nothing until they are used
    uint64_t product = 0;
    const float* x = nullptr;
    int64_t rows = 0;
  };

  void run_packed(PanelArgs panels, const LinearArgs& args, int64_t begin, int64_t end, Worker& worker);
  void run_dequantised(const tenon_weight& weight, int64_t member, const LinearArgs& args, int64_t begin,
                       int64_t end, uint32_t worker);
  const ActivationGroup* quantised(const QuantiseArgs& rows, Worker& worker) const;

  decltype(&isa_scalar::linear) linear_;
  QuantisedKernels kernels_;
  std::unique_ptr<Worker[]> workers_;
  uint64_t product_ = 0;
};

}  // namespace tenon
