// The delta rule with its convolution, gates and norm, at the real model's shape, without the projections.
//
//     build/release/bin/bench/gated_deltanet_bench
//
// GB/s counts states read and written, GOP/s the three products of the recurrence: 3 K V multiply-adds a token
// and head, which a prefill computes in another form.
#include <bench/layer_bench.hpp>

#include <tenon/abi/tenon_token_mixer.h>

namespace tenon::bench {
namespace {

using testing::StepPart;

constexpr int64_t kKeyHeads = 16, kValueHeads = 32, kHeadDim = 128, kModelDim = 2048;
constexpr double kStateElements = double(kValueHeads) * kHeadDim * kHeadDim;

// Sequences with so many tokens each, which begin at 0 (prefill) or go on (decode).
void run(benchmark::State& state, uint32_t sequences, uint32_t tokens, int32_t phase) {
  tenon_needs needs{};
  auto mixer = make_bare_object<tenon_token_mixer>(
      TENON_TOKEN_MIXER,
      {{"key_heads", kKeyHeads}, {"value_heads", kValueHeads}, {"key_dim", kHeadDim}, {"value_dim", kHeadDim}},
      real_shape(0), real_limits(sequences * tokens, sequences), &needs);
  testing::StepBench step(needs, 1, 0, sequences, 0);
  fill(step.state().slots, needs.bytes_per_sequence * sequences);
  std::vector<StepPart> parts;
  for (uint32_t s = 0; s < sequences; ++s) {
    StepPart part{tokens, phase == TENON_DECODE ? 64 : 0, phase, {}};
    part.slot_start = phase == TENON_DECODE ? static_cast<int32_t>(s) : -1;
    part.slot_save.assign(tokens, -1), part.slot_save.back() = static_cast<int32_t>(s);
    parts.push_back(part);
  }
  step.set(parts);
  int64_t rows = int64_t{sequences} * tokens;
  std::vector<float> x(static_cast<size_t>(rows * kModelDim)), y(x.size());
  tenon_tensor tx = tensor_of(Matrix(x.data(), rows, kModelDim)),
               ty = tensor_of(Matrix(y.data(), rows, kModelDim));
  time_without_ops(state, [&] {
    if (!mixer.call(&tenon_token_mixer::forward, &step.step(), &step.state(), &tx, &ty).ok()) std::abort();
  });
  double moved = 2.0 * sequences * static_cast<double>(needs.bytes_per_sequence);
  report(state, moved, 3 * kStateElements * static_cast<double>(rows), peaks().gflop_per_s);
}

void delta_rule_decode(benchmark::State& state) {
  run(state, static_cast<uint32_t>(state.range(0)), 1, TENON_DECODE);
}
BENCHMARK(delta_rule_decode)
    ->ArgName("sequences")
    ->Arg(1)
    ->Arg(4)
    ->Arg(16)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

void delta_rule_prefill(benchmark::State& state) {
  run(state, 1, static_cast<uint32_t>(state.range(0)), TENON_PREFILL);
}
BENCHMARK(delta_rule_prefill)
    ->ArgName("tokens")
    ->Arg(64)
    ->Arg(512)
    ->Arg(2048)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tenon::bench
