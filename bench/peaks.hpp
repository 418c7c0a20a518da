// What the machine does at most, measured when first asked for, and how a case reports itself beside it.
#pragma once
#include <tenon/base/isa.hpp>
#include <tenon/base/thread_pool.hpp>

#include <benchmark/benchmark.h>

namespace tenon::bench {

// All processors, and the widest instruction set that is allowed.
ThreadPool& threads();
Isa isa();

struct Peaks {
  double gb_per_s;     // read from memory
  double gop_per_s;    // multiplications and additions of bytes in dot products, in registers
  double gflop_per_s;  // multiplications and additions of float32, in registers
};

// Of all threads together; the first call takes seconds and prints a line.
const Peaks& peaks();

// What one iteration moves and computes, as rates and as shares: GB/s, bytes% of the read bandwidth, GOP/s,
// ops% of `peak_gop` (one of the two above). Data that a cache holds may show more than 100 bytes%.
void report(benchmark::State& state, double bytes, double multiply_adds, double peak_gop);

}  // namespace tenon::bench
