// tenon bench [MODEL]: tokens per second, and how two descriptions compare.
#include "bench_run.hpp"
#include "command.hpp"

#include <apps/common/exit_code.hpp>
#include <apps/common/loaded_model.hpp>
#include <apps/common/memory_report.hpp>

#include <tenon/base/json.hpp>

#include <cstdio>
#include <memory>
#include <numeric>

namespace tenon::cli {
namespace {

struct Options {
  ModelOptions model;
  std::vector<uint32_t> prompts = {512}, answers = {128}, depths = {0}, batches = {1};
  uint32_t repetitions = 5;
  std::string versus;
  bool with_second_turn = false, as_json = false;
};

// An engine with all that it stands on.
struct Runner {
  std::string name;
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Engine> engine;
};

struct Measured {
  BenchCase bench;
  std::vector<std::vector<double>> samples;  // [runners][repetitions] tokens per second
};

std::vector<BenchCase> cases_of(const Options& options) {
  std::vector<BenchCase> cases;
  for (uint32_t batch : options.batches)
    for (uint32_t depth : options.depths) {
      for (uint32_t prompt : options.prompts)
        for (bool is_second_turn : {false, true})
          if (prompt > 0 && (!is_second_turn || (options.with_second_turn && depth > 0)))
            cases.push_back({prompt, 0, depth, batch, is_second_turn});
      for (uint32_t answer : options.answers)
        if (answer > 0) cases.push_back({0, answer, depth, batch});
    }
  return cases;
}

// Makes room for the largest case.
void fit(ModelDescription& description, const std::vector<BenchCase>& cases) {
  EngineSection& engine = description.engine;
  uint32_t drafts = description.speculative ? description.speculative->draft_tokens : 0;
  for (const BenchCase& bench : cases)
    engine.sequences_max = std::max(engine.sequences_max, bench.n_batch_sequences);
  engine.tokens_per_step = std::max(engine.tokens_per_step, 64 + engine.sequences_max * (1 + drafts));
}

Result<Runner> make_runner(const ModelOptions& options, const std::vector<BenchCase>& cases) {
  TENON_TRY(ModelDescription description, options.describe());
  fit(description, cases);
  Runner runner;
  runner.name = options.model.empty() ? description.name : options.model;
  TENON_TRY(runner.model, LoadedModel::load(std::move(description), options.plugins));
  TENON_TRY(runner.engine, Engine::make(runner.model->assembly()));
  return runner;
}

// One case on all runners, in turn, after a first time that does not count.
Result<Measured> measure_all(std::vector<Runner>& runners, const BenchCase& bench, uint32_t repetitions) {
  Measured measured{bench, std::vector<std::vector<double>>(runners.size())};
  for (uint32_t i = 0; i <= repetitions; ++i)
    for (size_t r = 0; r < runners.size(); ++r) {
      TENON_TRY(double rate,
                measure(*runners[r].engine, runners[r].model->assembly().model().shape().vocabulary, bench));
      if (i > 0) measured.samples[r].push_back(rate);
    }
  return measured;
}

// The median, of all sequences.
double first_token_ms(const Measured& measured) {
  const BenchCase& bench = measured.bench;
  double tokens = static_cast<double>(bench.n_depth + bench.n_prompt) * bench.n_batch_sequences;
  return 1000 * tokens / median_of(measured.samples[0]);
}

void print_row(const Measured& measured) {
  std::printf("%-24s", name_of(measured.bench).c_str());
  for (const std::vector<double>& samples : measured.samples) {
    auto [least, most] = std::minmax_element(samples.begin(), samples.end());
    std::printf(" %10.1f (%.1f-%.1f)", median_of(samples), *least, *most);
  }
  if (measured.bench.n_prompt > 0 && measured.samples.size() == 1)
    std::printf("   first token after %.1f ms", first_token_ms(measured));
  if (measured.samples.size() == 2) {
    std::vector<double> ratios;
    for (size_t i = 0; i < measured.samples[0].size(); ++i)
      ratios.push_back(measured.samples[0][i] / measured.samples[1][i]);
    auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf("   %.3f (%.3f-%.3f)", median_of(ratios), *least, *most);
  }
  std::printf("\n");
  std::fflush(stdout);
}

// Of the process: all models that are loaded, and all that was measured so far.
void add_memory(Json& row) {
  ProcessMemory memory = find_process_memory().value_or(ProcessMemory{});
  row["memory_peak_bytes"] = memory.peak;
  row["memory_own_bytes"] = memory.own, row["memory_file_bytes"] = memory.of_files;
}

Json json_of(const Measured& measured, const std::vector<Runner>& runners) {
  Json rows = Json::array();
  for (size_t r = 0; r < runners.size(); ++r) {
    const std::vector<double>& samples = measured.samples[r];
    double average = std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
    rows.push_back({{"model", runners[r].name},
                    {"n_threads", runners[r].model->assembly().limits().threads},
                    {"n_prompt", measured.bench.n_prompt},
                    {"n_gen", measured.bench.n_gen},
                    {"n_depth", measured.bench.n_depth},
                    {"n_batch_sequences", measured.bench.n_batch_sequences},
                    {"second_turn", measured.bench.is_second_turn},
                    {"avg_ts", average},
                    {"median_ts", median_of(samples)},
                    {"samples_ts", samples}});
    add_memory(rows.back());
  }
  return rows;
}

void print_speculation(const Runner& runner) {
  EngineStats stats = runner.engine->stats();
  if (stats.drafted == 0) return;
  std::printf("%s: %llu of %llu drafts accepted (%.0f %%)\n", runner.name.c_str(),
              static_cast<unsigned long long>(stats.accepted), static_cast<unsigned long long>(stats.drafted),
              100.0 * static_cast<double>(stats.accepted) / static_cast<double>(stats.drafted));
}

Result<int> run_bench(const Options& options) {
  std::vector<BenchCase> cases = cases_of(options);
  if (cases.empty()) return invalid("bench: nothing to measure, expected -p or -n above 0");
  std::vector<Runner> runners;
  TENON_TRY(Runner first, make_runner(options.model, cases));
  runners.push_back(std::move(first));
  if (!options.versus.empty()) {
    ModelOptions other = options.model;
    other.model = options.versus;
    TENON_TRY(Runner second, make_runner(other, cases));
    runners.push_back(std::move(second));
  }
  if (!options.as_json)
    std::printf("%-24s tokens/s: median (least-most)%s\n", "",
                runners.size() == 2 ? " of each; ratio pair by pair" : "");
  Json rows = Json::array();
  for (const BenchCase& bench : cases) {
    TENON_TRY(Measured measured, measure_all(runners, bench, options.repetitions));
    if (!options.as_json) print_row(measured);
    for (Json& row : json_of(measured, runners)) rows.push_back(std::move(row));
  }
  if (options.as_json) std::printf("%s\n", rows.dump(2).c_str());
  if (options.as_json) return kExitOk;
  for (const Runner& runner : runners) {
    print_speculation(runner);
    ExpertCacheStats experts = runner.engine->stats().experts;
    if (experts.bytes > 0) std::printf("%s: %s\n", runner.name.c_str(), expert_cache_line(experts).c_str());
  }
  if (auto memory = find_process_memory()) std::printf("%s\n", memory_line(*memory).c_str());
  return kExitOk;
}

CLI::Option* add_numbers(CLI::App& command, const char* names, std::vector<uint32_t>& numbers, uint32_t least,
                         const char* text) {
  return command.add_option(names, numbers, text)
      ->delimiter(',')
      ->check(CLI::Range(least, 1u << 20))
      ->type_name("N,...");
}

}  // namespace

void add_bench(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Measure tokens per second, or compare two descriptions");
  options->model.add_to(*command);
  add_numbers(*command, "-p,--n-prompt", options->prompts, 0, "Tokens of prompts; 0: none")
      ->capture_default_str();
  add_numbers(*command, "-n,--n-gen", options->answers, 0, "Tokens of answers; 0: none")->capture_default_str();
  add_numbers(*command, "-d,--n-depth", options->depths, 0, "Tokens before an answer, or counted with a prompt")
      ->capture_default_str();
  add_numbers(*command, "-b,--batch", options->batches, 1, "Sequences at once")->capture_default_str();
  command->add_flag("--second-turn", options->with_second_turn,
                    "Prompts at a depth also after a prompt of just that depth, as in a chat");
  command->add_option("-r,--repetitions", options->repetitions, "Times, after one that does not count")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--vs", options->versus, "Another model or description, measured in turn with the first")
      ->type_name("OTHER");
  command->add_flag("--json", options->as_json, "Print JSON with the field names of llama-bench");
  command->callback([options, &chosen] { chosen = [options] { return run_bench(*options); }; });
}

}  // namespace tenon::cli
