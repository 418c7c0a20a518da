// The dense operations at the real model's shapes: bytes and multiply-adds per second on one thread and on all.
//
//     build/release/bin/bench/op_bench --benchmark_filter=linear
#include <tenon/ops/ops.hpp>

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <thread>

namespace tenon {
namespace {

// A weight of random bits that are ordinary numbers in its type.
struct BenchWeight {
  BenchWeight(DType dtype, int64_t out, int64_t in, uint32_t group = 1) {
    weight.dtype = dtype, weight.rows = out, weight.columns = in;
    bytes.resize(bytes_of(dtype, static_cast<uint64_t>(out * in)) * group);
    scales.assign(static_cast<size_t>((out / 128 + 1) * (in / 128 + 1)), 0.01f);
    std::mt19937 generator(1);
    std::normal_distribution<float> normal(0.0f, 0.02f);
    for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
      float value = normal(generator);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      if (dtype == DType::kBF16) bits = (bits & 0xffff0000u) | bits >> 16;
      if (dtype == DType::kF8E4M3) bits = generator() & 0xbfbfbfbfu;  // no NaN codes
      std::memcpy(bytes.data() + i, &bits, sizeof bits);
    }
    uint64_t member = bytes.size() / group;
    for (uint32_t e = 0; e < group; ++e)
      weight.members.push_back({bytes.data() + e * member, dtype == DType::kF8E4M3 ? scales.data() : nullptr});
  }

  tenon_weight weight;
  std::vector<std::byte> bytes;
  std::vector<float> scales;
};

DType dtype_of(int64_t index) { return index == 0 ? DType::kF32 : index == 1 ? DType::kBF16 : DType::kF8E4M3; }

void report(benchmark::State& state, double bytes, double multiply_adds) {
  using benchmark::Counter;
  state.counters["GB/s"] = Counter(bytes * 1e-9, Counter::kIsIterationInvariantRate);
  state.counters["GFLOP/s"] = Counter(2e-9 * multiply_adds, Counter::kIsIterationInvariantRate);
}

// Arguments: type, rows of x, threads. The output projection of attention: [2048, 4096].
void linear(benchmark::State& state) {
  constexpr int64_t kOut = 2048, kIn = 4096;
  int64_t rows = state.range(1);
  ThreadPool threads(static_cast<uint32_t>(state.range(2)));
  DenseOps ops(chosen_isa().value(), threads);
  BenchWeight weight(dtype_of(state.range(0)), kOut, kIn);
  std::vector<float> x(static_cast<size_t>(rows * kIn), 0.5f), y(static_cast<size_t>(rows * kOut));
  for (auto _ : state)
    if (!ops.linear(weight.weight, nullptr, {x.data(), rows, kIn}, {y.data(), rows, kOut}).ok()) std::abort();
  report(state, static_cast<double>(weight.bytes.size()), static_cast<double>(rows * kOut * kIn));
  state.SetLabel(name_of(weight.weight.dtype));
}

// Arguments: tokens, threads. One projection of 10 of 512 experts per token, [512, 2048] in bf16.
void grouped_linear(benchmark::State& state) {
  constexpr int64_t kExperts = 512, kActive = 10, kOut = 512, kIn = 2048;
  int64_t tokens = state.range(0), rows = tokens * kActive;
  ThreadPool threads(static_cast<uint32_t>(state.range(1)));
  DenseOps ops(chosen_isa().value(), threads);
  BenchWeight weight(DType::kBF16, kOut, kIn, kExperts);
  std::mt19937 generator(2);
  std::vector<int32_t> row_start(kExperts + 1);
  for (int64_t i = 0; i < rows; ++i) ++row_start[1 + generator() % kExperts];
  int64_t touched = 0;
  for (int64_t e = 0; e < kExperts; ++e) touched += row_start[e + 1] > 0, row_start[e + 1] += row_start[e];
  std::vector<float> x(static_cast<size_t>(rows * kIn), 0.5f), y(static_cast<size_t>(rows * kOut));
  for (auto _ : state)
    if (!ops.grouped_linear(weight.weight, row_start.data(), {x.data(), rows, kIn}, {y.data(), rows, kOut})
             .ok())
      std::abort();
  report(state, static_cast<double>(touched * kOut * kIn * 2), static_cast<double>(rows * kOut * kIn));
}

// Argument: rows of 2048.
void rms_norm(benchmark::State& state) {
  constexpr int64_t kDim = 2048;
  int64_t rows = state.range(0);
  ThreadPool threads(1);
  DenseOps ops(chosen_isa().value(), threads);
  std::vector<float> gain(kDim, 0.1f), x(static_cast<size_t>(rows * kDim), 0.5f), y(x.size());
  for (auto _ : state)
    if (!ops.rms_norm(gain.data(), 1, 1e-6f, {x.data(), rows, kDim}, {y.data(), rows, kDim}).ok()) std::abort();
  report(state, static_cast<double>(2 * rows * kDim * 4), static_cast<double>(2 * rows * kDim));
}

const int64_t kAllThreads = std::max(1u, std::thread::hardware_concurrency());

BENCHMARK(linear)
    ->ArgNames({"type", "rows", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 8, 64, 512}, {1, kAllThreads}})
    ->UseRealTime();
BENCHMARK(grouped_linear)
    ->ArgNames({"tokens", "threads"})
    ->ArgsProduct({{1, 16, 256}, {1, kAllThreads}})
    ->UseRealTime();
BENCHMARK(rms_norm)->ArgName("rows")->Arg(1)->Arg(512);

}  // namespace
}  // namespace tenon
