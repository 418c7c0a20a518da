// tenon-sim: the engine, simulated over the hash model. See README.md.
#include "simulation.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

namespace tenon::sim {
namespace {

constexpr uint32_t kFaultsMax = 10;

struct Options {
  uint64_t first = 0, last = 0;
  uint64_t requests = UINT64_MAX;
  bool is_verbose = false;
};

// "A..B", both included.
bool parse_seeds(const std::string& text, Options& options) {
  unsigned long first = 0, last = 0;
  int used = 0;
  if (std::sscanf(text.c_str(), "%lu..%lu%n", &first, &last, &used) != 2) return false;
  options.first = first, options.last = last;
  return static_cast<size_t>(used) == text.size() && first <= last;
}

void report(const Tally& tally, double seconds) {
  std::printf("%lu requests of %lu seeds in %.1f s: %.0f requests/s, %lu tokens, %lu steps\n", tally.requests,
              tally.seeds, seconds, static_cast<double>(tally.requests) / seconds, tally.tokens, tally.steps);
  std::printf(
      "%lu complete, %lu cancelled, %lu late, %lu failed on purpose, %lu too large, %lu without room, %lu "
      "unservable\n",
      tally.complete, tally.cancelled, tally.late, tally.failed_on_purpose, tally.too_large, tally.without_room,
      tally.unservable);
  std::printf(
      "%lu of %lu drafts accepted, %lu preemptions, %lu evictions, %lu prompt tokens found in the cache\n",
      tally.accepted, tally.drafted, tally.preemptions, tally.evictions, tally.tokens_found);
  std::printf("without priorities, the oldest request never waited more than %lu steps\n", tally.longest_wait);
}

// Returns the number of seeds that went wrong.
uint32_t run(const Options& options) {
  Workshop workshop;
  Tally tally;
  uint32_t faults = 0;
  auto start = std::chrono::steady_clock::now();
  for (uint64_t seed = options.first; seed <= options.last && tally.requests < options.requests; ++seed) {
    std::string fault = Simulation(workshop, seed, options.is_verbose).run(tally);
    if (fault.empty()) continue;
    std::printf("%s\n", fault.c_str());
    std::fflush(stdout);
    if (++faults == kFaultsMax) break;
  }
  report(tally, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return faults;
}

}  // namespace
}  // namespace tenon::sim

int main(int argc, char** argv) {
  CLI::App app("simulates Tenon's engine over the hash model");
  std::string seeds;
  tenon::sim::Options options;
  app.add_option("--seeds", seeds, "A..B: the simulations to run")->required();
  app.add_option("--requests", options.requests, "end after the seed with which this many have been served");
  app.add_flag("--verbose", options.is_verbose, "print all that happens");
  CLI11_PARSE(app, argc, argv);
  if (!tenon::sim::parse_seeds(seeds, options)) {
    std::fprintf(stderr, "tenon-sim: --seeds is \"%s\", must be A..B\n", seeds.c_str());
    return 64;
  }
  return tenon::sim::run(options) == 0 ? 0 : 1;
}
