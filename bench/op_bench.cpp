// The dense operations at the real model's shapes, each beside the most that this machine does: bytes read from
// memory per second, and multiply-adds in registers, both measured at the start of the run.
//
//     build/release/bin/bench/op_bench --benchmark_filter=experts
//
// bytes% is the share of the read bandwidth, ops% that of the instructions' peak (8-bit dot products for types
// in blocks, float32 multiply-adds for the others). Weights that fit in a cache may show more than 100 bytes%.
#include "peaks.hpp"

#include <tenon/ops/ops.hpp>
#include <tenon/ops/packing.hpp>

#include <cstring>
#include <map>
#include <random>
#include <span>

namespace tenon {
namespace {

using namespace bench;

// A weight of random bits that are ordinary numbers in its type, packed if there is a kernel for that.
struct BenchWeight {
  BenchWeight(DType dtype, int64_t out, int64_t in, uint32_t group) {
    weight.dtype = dtype, weight.rows = out, weight.columns = in;
    uint64_t member = bytes_of(dtype, static_cast<uint64_t>(out * in));
    bytes.resize(member * group);
    scales.assign(static_cast<size_t>((out / 128 + 1) * (in / 128 + 1)), 0.01f);
    std::mt19937_64 generator(1);
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      // No exponent of all ones in any of the float types: neither infinity nor NaN.
      uint64_t bits = generator() & 0x3fbf3fbf3fbf3fbfu;
      std::memcpy(bytes.data() + i, &bits, sizeof bits);
    }
    for (uint32_t e = 0; e < group; ++e)
      weight.members.push_back({bytes.data() + e * member, dtype == DType::kF8E4M3 ? scales.data() : nullptr});
    if (!pack(weight, threads()).ok()) std::abort();
  }

  double stored_bytes() const {
    return static_cast<double>(weight.panels.bytes() > 0 ? weight.panels.bytes() : bytes.size());
  }

  tenon_weight weight;
  std::vector<std::byte> bytes;
  std::vector<float> scales;
};

struct Shape {
  const char* name;
  int64_t out, in;
  uint32_t group;
};
// The projection into a Gated DeltaNet layer, one of the experts' three, the head.
constexpr Shape kShapes[] = {{"mixer", 12288, 2048, 1}, {"experts", 512, 2048, 512}, {"head", 151936, 2048, 1}};
constexpr DType kTypes[] = {DType::kQ4_0, DType::kQ4_K, DType::kQ6_K, DType::kQ8_0, DType::kBF16, DType::kF32,
                            // and of the mixer alone:
                            DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ2_K, DType::kQ3_K, DType::kQ5_K,
                            DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4, DType::kF16, DType::kF8E4M3};
constexpr size_t kTypesOfAllShapes = 6;

// Made when first asked for; the last one only, since some are large.
const BenchWeight& weight_of(int64_t shape, DType type) {
  static std::map<std::pair<int64_t, DType>, std::unique_ptr<BenchWeight>> weights;
  auto key = std::pair(shape, type);
  if (!weights.contains(key)) {
    weights.clear();
    const Shape& s = kShapes[shape];
    weights[key] = std::make_unique<BenchWeight>(type, s.out, s.in, s.group);
  }
  return *weights[key];
}

double peak_of(const tenon_weight& weight) {
  return weight.panels.bytes() > 0 ? peaks().gop_per_s : peaks().gflop_per_s;
}

std::vector<float> random_values(int64_t count) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

void linear(benchmark::State& state, int64_t shape, DType type) {
  const BenchWeight& w = weight_of(shape, type);
  int64_t rows = state.range(0), in = w.weight.columns, out = w.weight.rows;
  DenseOps ops(isa(), threads());
  std::vector<float> x = random_values(rows * in), y(static_cast<size_t>(rows * out));
  for (auto _ : state)
    if (!ops.linear(w.weight, nullptr, {x.data(), rows, in}, {y.data(), rows, out}).ok()) std::abort();
  report(state, w.stored_bytes(), static_cast<double>(rows * out * in), peak_of(w.weight));
}

// Ten experts, drawn anew for each token and each iteration.
void grouped_linear(benchmark::State& state, int64_t shape, DType type) {
  constexpr int64_t kActive = 10;
  const BenchWeight& w = weight_of(shape, type);
  int64_t rows = state.range(0) * kActive, in = w.weight.columns, out = w.weight.rows;
  int64_t experts = kShapes[shape].group;
  DenseOps ops(isa(), threads());
  std::vector<float> x = random_values(rows * in), y(static_cast<size_t>(rows * out));
  std::mt19937 generator(2);
  std::vector<int32_t> row_start(static_cast<size_t>(experts + 1));
  int64_t touched = 0;
  for (auto _ : state) {
    std::fill(row_start.begin(), row_start.end(), 0);
    for (int64_t i = 0; i < rows; ++i) ++row_start[1 + generator() % static_cast<uint64_t>(experts)];
    for (int64_t e = 0; e < experts; ++e) touched += row_start[e + 1] > 0, row_start[e + 1] += row_start[e];
    if (!ops.grouped_linear(w.weight, row_start.data(), {x.data(), rows, in}, {y.data(), rows, out}).ok())
      std::abort();
  }
  double share = static_cast<double>(touched) / static_cast<double>(experts * state.iterations());
  report(state, share * w.stored_bytes(), static_cast<double>(rows * out * in), peak_of(w.weight));
}

// Argument: rows of 2048.
void rms_norm(benchmark::State& state) {
  constexpr int64_t kDim = 2048;
  int64_t rows = state.range(0);
  DenseOps ops(isa(), threads());
  std::vector<float> gain(kDim, 0.1f), x(static_cast<size_t>(rows * kDim), 0.5f), y(x.size());
  for (auto _ : state)
    if (!ops.rms_norm(gain.data(), 1, 1e-6f, {x.data(), rows, kDim}, {y.data(), rows, kDim}).ok()) std::abort();
  report(state, static_cast<double>(2 * rows * kDim * 4), static_cast<double>(2 * rows * kDim),
         peaks().gflop_per_s);
}

void add_cases() {
  for (int64_t shape = 0; shape < static_cast<int64_t>(std::size(kShapes)); ++shape)
    for (DType type : std::span(kTypes).first(shape == 0 ? std::size(kTypes) : kTypesOfAllShapes)) {
      std::string name = std::string(kShapes[shape].name) + "/" + name_of(type);
      auto* run = kShapes[shape].group > 1 ? grouped_linear : linear;
      auto* rows =
          benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { run(state, shape, type); });
      rows->ArgName("rows")->UseRealTime()->Unit(benchmark::kMicrosecond);
      for (int64_t count : {1, 8, 16, 64, 512}) rows->Arg(count);
    }
  benchmark::RegisterBenchmark("rms_norm", rms_norm)->ArgName("rows")->Arg(1)->Arg(512)->UseRealTime();
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  tenon::bench::peaks();
  tenon::add_cases();
  benchmark::RunSpecifiedBenchmarks();
}
