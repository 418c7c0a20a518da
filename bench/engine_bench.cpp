// What a step costs beside the model, overhead_us: choosing who goes on, memory and tables, drawing tokens,
// events. The model is the hash model of tests/sim. And what drawing one token takes of that.
//
//     build/release/bin/bench/engine_bench
#include <tests/sim/hash_model.hpp>

#include <benchmark/benchmark.h>

#include <random>

namespace tenon::sim {
namespace {

// Arguments: sequences that all decode, tokens of context that the engine is made for.
void decode_step(benchmark::State& state) {
  Workshop workshop;
  Settings settings;
  settings.sequences_max = static_cast<uint32_t>(state.range(0));
  settings.tokens_per_step = 2 * settings.sequences_max + 64;
  settings.context = static_cast<uint32_t>(state.range(1));
  settings.is_watched = false;
  auto assembly = workshop.assemble(settings, WeightSource::kCheckpoint);
  if (!assembly.ok()) return state.SkipWithError(assembly.error().text.c_str());
  auto engine = Engine::make(*assembly.value());
  if (!engine.ok()) return state.SkipWithError(engine.error().text.c_str());
  Request request;
  request.prompt = {1, 2, 3};
  request.sampling.temperature = 0;
  auto fill = [&] {
    while (engine.value()->stats().running + engine.value()->stats().waiting < settings.sequences_max)
      if (!engine.value()->submit(request, [](const TokenEvent&) {}).ok()) std::abort();
  };
  for (int warm = 0; warm < 8; ++warm) fill(), engine.value()->step();
  for (auto _ : state) {
    engine.value()->step();
    if (engine.value()->stats().running == settings.sequences_max) continue;
    state.PauseTiming();
    fill(), engine.value()->step();
    state.ResumeTiming();
  }
  EngineStats stats = engine.value()->stats();
  state.counters["overhead_us"] =
      1e6 * (stats.seconds - stats.model_seconds) / static_cast<double>(stats.steps);
}
BENCHMARK(decode_step)
    ->ArgNames({"sequences", "context"})
    ->ArgsProduct({{1, 16, 256}, {4096, 262144}})
    ->Unit(benchmark::kMicrosecond);

// Drawing one token from the real vocabulary; logits as peaked as a trained model's.
void draw_token(benchmark::State& state, SamplingParameters sampling) {
  constexpr uint32_t kVocabulary = 151936;
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal(0, 2.5);
  std::vector<float> logits(kVocabulary), row;
  for (float& logit : logits) logit = normal(random);
  for (size_t i = 0; i < 20; ++i) logits[i * 5000] += 12;
  Sampler sampler(kVocabulary, widest_isa());
  Request request;
  request.prompt = {1};
  request.sampling = sampling;
  Sequence sequence(1, request, {}, {});
  for (auto _ : state) {
    ++sequence.request.sampling.seed;
    benchmark::DoNotOptimize(sampler.draw(logits, sequence));
  }
}
BENCHMARK_CAPTURE(draw_token, greedy, {.temperature = 0})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(draw_token, plain, {})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(draw_token, top_p, {.temperature = 0.7, .top_p = 0.8})->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(draw_token, recommended, {.temperature = 0.7, .top_k = 20, .top_p = 0.8})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tenon::sim
