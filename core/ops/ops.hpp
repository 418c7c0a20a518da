// The dense operations every model needs, on weights of any stored type. Plugins reach them as "tenon.ops/1",
// see abi/services/tenon_ops.h for the mathematics; a row's result depends on that row alone, bit for bit.
// Shapes: R rows, M in, N out, E members of a group. Thread: [step]; nothing is allocated.
#pragma once
#include <tenon/base/isa.hpp>
#include <tenon/base/thread_pool.hpp>
#include <tenon/ops/block_products.hpp>
#include <tenon/ops/expert_mlp.hpp>
#include <tenon/sdk/tensor.hpp>
#include <tenon/weights/weight.hpp>

namespace tenon {

class DenseOps {
 public:
  DenseOps(Isa isa, ThreadPool& threads);

  // y[R, N] = x[R, M] weight[N, M]^T + bias[N]; bias may be NULL. Packed weights (see packing.hpp) meet x in
  // 8 bits, all others in float32.
  Status linear(const tenon_weight& weight, const float* bias, Matrix x, Matrix y) const;
  // Rows [row_start[e], row_start[e + 1]) of y[R, N] from those of x[R, M] and member e; row_start: [E + 1].
  Status grouped_linear(const tenon_weight& weight, const int32_t* row_start, Matrix x, Matrix y) const;
  // y[t] = the sum over rows r of token t of factor[r] down_e (silu(gate_e x[t]) * up_e x[t]), by ascending
  // member. Where all three weights are packed, x and what down meets are in 8 bits.
  Status expert_mlp(const tenon_expert_mlp& job) const;
  // y[R, M] = row tokens[r] of weight[V, M] for each r.
  Status embed(const tenon_weight& weight, const int32_t* tokens, Matrix y) const;
  // y[R, M] = x / rms(x) * (offset + gain[M]); y may be x.
  Status rms_norm(const float* gain, float offset, float eps, Matrix x, Matrix y) const;
  // y[R, M] = silu(gate) * up; y may be gate.
  Status silu_multiply(Matrix gate, Matrix up, Matrix y) const;
  // y[R, M] += x[R, M]
  void add(Matrix x, Matrix y) const;

  Isa isa() const { return isa_; }
  ThreadPool& threads() const { return threads_; }

 private:
  struct Product;
  void multiply(const Product& product) const;
  Status multiply_in_rounds(const Product& product) const;
  void multiply_range(const Product& product, int64_t member, int64_t begin, int64_t end,
                      uint32_t worker) const;

  Isa isa_;
  ThreadPool& threads_;
  std::unique_ptr<BlockProducts> blocks_;
  std::unique_ptr<ExpertMlp> experts_;
};

// Runs body(begin, end) or body(begin, end, worker) on the pool's threads over disjoint ranges that cover
// [0, count).
template <class Body>
void parallel_for(ThreadPool& threads, int64_t count, int64_t grain, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  auto thunk = [](void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept {
    if constexpr (std::is_invocable_v<Plain, int64_t, int64_t, uint32_t>) {
      (*static_cast<Plain*>(ctx))(int64_t{begin}, int64_t{end}, worker);
    } else {
      (*static_cast<Plain*>(ctx))(int64_t{begin}, int64_t{end});
    }
  };
  threads.parallel_for(static_cast<uint32_t>(count), static_cast<uint32_t>(grain), thunk, &body);
}

}  // namespace tenon
