#include "peaks.hpp"

#include "peaks_cpu.hpp"

#include <tenon/ops/ops.hpp>

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace tenon::bench {
namespace {

// Seconds of the fastest of several runs of `task` on all threads.
template <class Task>
double fastest(Task&& task) {
  double best = 1e9;
  for (int round = 0; round < 7; ++round) {
    auto start = std::chrono::steady_clock::now();
    parallel_for(threads(), threads().threads(), 1, [&](int64_t begin, int64_t) { task(begin); });
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Peaks measured_peaks() {
  auto* read = TENON_ISA_PICK(static_cast<uint32_t>(isa()), read_all);
  auto* bytes = TENON_ISA_PICK(static_cast<uint32_t>(isa()), multiply_bytes);
  auto* floats = TENON_ISA_PICK(static_cast<uint32_t>(isa()), multiply_floats);
  if (isa() == Isa::kAvx512 && __builtin_cpu_supports("avx512vnni")) bytes = &isa_avx512vnni::multiply_bytes;
  constexpr int64_t kBytes = int64_t{1} << 30, kRounds = 2'000'000;
  std::vector<std::byte> memory(kBytes, std::byte{1});
  int64_t count = threads().threads(), share = kBytes / count / 256 * 256;
  Peaks peaks{};
  peaks.gb_per_s = 1e-9 * double(share * count) / fastest([&](int64_t i) {
                     benchmark::DoNotOptimize(read(memory.data() + i * share, share));
                   });
  double operations = 1e-9 * 2 * 16 * kPeakChains * double(kRounds) * double(count);
  peaks.gop_per_s = 4 * operations / fastest([&](int64_t) { benchmark::DoNotOptimize(bytes(kRounds)); });
  peaks.gflop_per_s = operations / fastest([&](int64_t) { benchmark::DoNotOptimize(floats(kRounds)); });
  return peaks;
}

}  // namespace

ThreadPool& threads() {
  static ThreadPool pool(std::max(1u, std::thread::hardware_concurrency()));
  return pool;
}

Isa isa() { return chosen_isa().value(); }

const Peaks& peaks() {
  static const Peaks kPeaks = [] {
    Peaks peaks = measured_peaks();
    std::printf("%u threads, %s: reads %.1f GB/s, %.0f GOP/s of bytes, %.0f GFLOP/s\n", threads().threads(),
                name_of(isa()), peaks.gb_per_s, peaks.gop_per_s, peaks.gflop_per_s);
    return peaks;
  }();
  return kPeaks;
}

void report(benchmark::State& state, double bytes, double multiply_adds, double peak_gop) {
  using benchmark::Counter;
  auto rate = [&](const char* name, double per_iteration) {
    state.counters[name] = Counter(per_iteration, Counter::kIsIterationInvariantRate);
  };
  rate("GB/s", bytes * 1e-9);
  rate("bytes%", bytes * 1e-7 / peaks().gb_per_s);
  rate("GOP/s", 2e-9 * multiply_adds);
  rate("ops%", 2e-7 * multiply_adds / peak_gop);
}

}  // namespace tenon::bench
