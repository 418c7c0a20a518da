// Routing at the real model's shape: softmax, choice, rows by expert and their weighted sum, without the
// router's and the experts' products, which op_bench measures.
//
//     build/release/bin/bench/sparse_moe_bench
//
// GB/s counts the router's logits and the experts' inputs and outputs once.
#include <bench/layer_bench.hpp>

#include <tenon/abi/tenon_expert_layer.h>

namespace tenon::bench {
namespace {

constexpr int64_t kExperts = 512, kTopK = 10, kExpertDim = 512, kModelDim = 2048;

void routing(benchmark::State& state) {
  uint32_t tokens = static_cast<uint32_t>(state.range(0));
  tenon_needs needs{};
  auto experts = make_bare_object<tenon_expert_layer>(
      TENON_EXPERT_LAYER,
      {{"experts", kExperts}, {"top_k", kTopK}, {"expert_dim", kExpertDim}, {"shared_dim", kExpertDim}},
      real_shape(0), real_limits(tokens, 1), &needs);
  testing::StepBench step(needs, 1, 0, 0, 0);
  step.set({testing::StepPart{tokens, 0, TENON_PREFILL, {}}});
  std::vector<float> x(size_t{tokens} * kModelDim), y(x.size());
  tenon_tensor tx = tensor_of(Matrix(x.data(), tokens, kModelDim)),
               ty = tensor_of(Matrix(y.data(), tokens, kModelDim));
  time_without_ops(state, [&] {
    if (!experts.call(&tenon_expert_layer::forward, &step.step(), &tx, &ty).ok()) std::abort();
  });
  double rows = double(tokens) * kTopK;
  report(state, 4.0 * (double(tokens) * kExperts + 2 * rows * kModelDim), rows * kModelDim,
         peaks().gflop_per_s);
}
BENCHMARK(routing)->ArgName("tokens")->Arg(1)->Arg(16)->Arg(512)->UseManualTime()->Unit(
    benchmark::kMicrosecond);

}  // namespace
}  // namespace tenon::bench
