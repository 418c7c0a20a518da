#include "bench_run.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace tenon::cli {
namespace {

using Clock = std::chrono::steady_clock;

// What one sequence of a case came to.
struct Progress {
  uint32_t tokens = 0;
  Clock::time_point first, last;
  std::string error;
};

Request request_of(const BenchCase& bench, uint32_t vocabulary, uint64_t number) {
  std::mt19937_64 random(number);
  Request request;
  request.prompt.resize(std::max(1u, bench.n_depth + bench.n_prompt));
  for (int32_t& token : request.prompt) token = static_cast<int32_t>(random() % vocabulary);
  request.max_tokens = bench.n_prompt > 0 ? 1 : bench.n_gen + 1;
  request.sampling.temperature = 0;
  request.salt = number;
  return request;
}

// Leaves behind what first turns do.
Status run_first_turns(Engine& engine, const std::vector<Request>& second_turns, uint32_t tokens) {
  std::string error;
  for (Request request : second_turns) {
    request.prompt.resize(tokens);
    TENON_TRY(engine.submit(std::move(request), [&](const TokenEvent& event) { error += event.error; }));
  }
  engine.run();
  if (!error.empty()) return Error{TENON_INTERNAL, error};
  return ok();
}

}  // namespace

std::string name_of(const BenchCase& bench) {
  std::string name =
      bench.n_prompt > 0 ? "pp" + std::to_string(bench.n_prompt) : "tg" + std::to_string(bench.n_gen);
  if (bench.n_depth > 0) name += " @ d" + std::to_string(bench.n_depth);
  if (bench.n_batch_sequences > 1) name += " x " + std::to_string(bench.n_batch_sequences);
  return name + (bench.is_second_turn ? ", 2nd turn" : "");
}

Result<double> measure(Engine& engine, uint32_t vocabulary, const BenchCase& bench) {
  static uint64_t number = 0;
  std::vector<Progress> all(bench.n_batch_sequences);
  std::vector<Request> requests;
  for (size_t i = 0; i < all.size(); ++i) requests.push_back(request_of(bench, vocabulary, ++number));
  if (bench.is_second_turn) TENON_TRY(run_first_turns(engine, requests, bench.n_depth));
  Clock::time_point start = Clock::now();
  for (size_t i = 0; i < all.size(); ++i) {
    Progress& progress = all[i];
    auto on_event = [&progress](const TokenEvent& event) {
      if (event.is_last) progress.error = event.error;
      if (event.token < 0) return;
      progress.last = Clock::now();
      if (progress.tokens++ == 0) progress.first = progress.last;
    };
    TENON_TRY(engine.submit(std::move(requests[i]), on_event));
  }
  engine.run();
  for (const Progress& progress : all)
    if (!progress.error.empty()) return Error{TENON_INTERNAL, progress.error};
  auto last = std::max_element(all.begin(), all.end(), [](auto& a, auto& b) { return a.last < b.last; })->last;
  if (bench.n_prompt > 0) {
    std::chrono::duration<double> seconds = last - start;
    // What comes before the prompt is computed too, in the same time.
    return static_cast<double>(bench.n_depth + bench.n_prompt) * bench.n_batch_sequences / seconds.count();
  }
  // While the prompts of others are still being computed, nothing is counted.
  auto first =
      std::max_element(all.begin(), all.end(), [](auto& a, auto& b) { return a.first < b.first; })->first;
  std::chrono::duration<double> seconds = last - first;
  return static_cast<double>(bench.n_gen) * bench.n_batch_sequences / seconds.count();
}

double median_of(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  size_t middle = samples.size() / 2;
  return samples.size() % 2 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

}  // namespace tenon::cli
