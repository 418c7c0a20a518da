// A mixture of gated MLPs in two passes over the members that have rows (letters: abi/services/tenon_ops.h):
//
//     inner   hidden[r] = silu(gate_e x[t]) * (up_e x[t])     a unit is a range of a member's F features
//     outer   y[t] += factor[r] down_e hidden[r]              a unit is a range of y's D columns, over all
//     members
//
// so that routed rows of x and of the result are never written out: a unit gathers the rows it needs into its
// worker's memory, and adds to y itself, members in ascending order (rule D1).
//
// If gate, up and down are packed, each row of x becomes 8 bits once, whatever members it goes to, and hidden
// is kept in 8 bits alone. Otherwise both are float32.
//
// Thread: run [step, one at a time]; nothing is allocated.
#pragma once
#include <tenon/abi/services/tenon_ops.h>
#include <tenon/base/isa.hpp>
#include <tenon/base/thread_pool.hpp>
#include <tenon/ops/block_products.hpp>
#include <tenon/ops/rows_cpu.hpp>
#include <tenon/sdk/result.hpp>

#include <cstddef>
#include <memory>

namespace tenon {

class ExpertMlp {
 public:
  // blocks: for weights that are not packed.
  ExpertMlp(Isa isa, ThreadPool& threads, BlockProducts& blocks);
  ~ExpertMlp();

  // Fails only where members are read from disk, see expert_cache.hpp.
  // REQUIRES: the shapes fit each other, no row is longer than BlockProducts::kColumnsMax
  Status run(const tenon_expert_mlp& job) const;

 private:
  struct Job;
  struct Rows;
  void quantise_tokens(const Job& job) const;
  void run_inner(const Job& job) const;
  void run_outer(const Job& job) const;
  void inner_packed(const Job& job, Rows rows, int64_t begin, int64_t end, std::byte* memory) const;
  void inner_plain(const Job& job, Rows rows, int64_t begin, int64_t end, uint32_t worker) const;
  void add_outer(const Job& job, Rows rows, int64_t begin, int64_t end, uint32_t worker) const;
  const ActivationGroup* gather(const Job& job, Rows rows, const ActivationGroup* tokens, std::byte* to) const;
  void multiply(const tenon_weight& weight, const LinearArgs& args, int64_t member, int64_t begin, int64_t end,
                uint32_t worker) const;

  ThreadPool& threads_;
  BlockProducts& blocks_;
  QuantisedKernels quantised_;
  decltype(&isa_scalar::linear) linear_;
  decltype(&isa_scalar::silu_multiply) silu_multiply_;
  decltype(&isa_scalar::accumulate) accumulate_;
  std::unique_ptr<std::unique_ptr<std::byte[]>[]> memory_;  // by worker; pages cost nothing until they are used
};

}  // namespace tenon
