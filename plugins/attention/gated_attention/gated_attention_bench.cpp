// Attention with its norms, rotation and gate at the real model's shape, without the projections.
//
//     build/release/bin/bench/gated_attention_bench
//
// GB/s counts the keys and values of the context once, GOP/s the products q K^T and p V: 2 H K multiply-adds a
// token and position.
#include <bench/layer_bench.hpp>

#include <tenon/abi/tenon_token_mixer.h>

#include <numeric>

namespace tenon::bench {
namespace {

using testing::StepPart;

constexpr int64_t kHeads = 16, kKvHeads = 2, kHeadDim = 256, kModelDim = 2048;
constexpr uint32_t kPageTokens = 64, kRotaryPairs = 32;

void fill_pages(const tenon_state& state, uint32_t pages, bool is_bf16) {
  uint64_t bytes = state.page_stride * pages;
  fill(state.pages, bytes);
  // The upper halves of float32 numbers are bfloat16 numbers; the lower ones need not be.
  auto* words = static_cast<uint16_t*>(state.pages);
  for (uint64_t i = 0; is_bf16 && i + 1 < bytes / 2; i += 2) words[i] = words[i + 1];
}

// One sequence's `tokens` after a context of `depth`.
void run(benchmark::State& state, uint32_t tokens, int32_t phase) {
  uint32_t depth = static_cast<uint32_t>(state.range(0));
  bool is_bf16 = state.range(1) == 16;
  tenon_needs needs{};
  auto mixer = make_bare_object<tenon_token_mixer>(TENON_TOKEN_MIXER,
                                                   {{"heads", kHeads},
                                                    {"kv_heads", kKvHeads},
                                                    {"head_dim", kHeadDim},
                                                    {"kv_type", std::string(is_bf16 ? "bf16" : "f32")}},
                                                   real_shape(kRotaryPairs), real_limits(tokens, 1), &needs);
  uint32_t pages = (depth + tokens) / kPageTokens + 1;
  testing::StepBench step(needs, kPageTokens, pages, 0, kRotaryPairs);
  StepPart part{tokens, static_cast<int32_t>(depth), phase, std::vector<int32_t>(pages)};
  std::iota(part.pages.begin(), part.pages.end(), 0);
  step.set({part});
  fill_pages(step.state(), pages, is_bf16);
  std::vector<float> x(size_t{tokens} * kModelDim), y(x.size());
  tenon_tensor tx = tensor_of(Matrix(x.data(), tokens, kModelDim)),
               ty = tensor_of(Matrix(y.data(), tokens, kModelDim));
  time_without_ops(state, [&] {
    if (!mixer.call(&tenon_token_mixer::forward, &step.step(), &step.state(), &tx, &ty).ok()) std::abort();
  });
  double positions = double(tokens) * depth + 0.5 * double(tokens) * (tokens + 1);
  report(state, double(depth + tokens) * static_cast<double>(needs.bytes_per_token),
         2.0 * kHeads * kHeadDim * positions, peaks().gflop_per_s);
}

void attention_decode(benchmark::State& state) { run(state, 1, TENON_DECODE); }
void attention_prefill_512(benchmark::State& state) { run(state, 512, TENON_PREFILL); }

void arguments(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"depth", "kv_bits"})->ArgsProduct({{0, 4096, 32768}, {32, 16}});
  bench->UseManualTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(attention_decode)->Apply(arguments);
BENCHMARK(attention_prefill_512)->Apply(arguments);

}  // namespace
}  // namespace tenon::bench
