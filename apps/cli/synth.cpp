// tenon synth OUT: a checkpoint out of random numbers.
#include "command.hpp"
#include "conversion_run.hpp"

#include <exporters/qwen3_next_synthetic.hpp>

#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  std::string output, type = "bf16", tensors;
  SyntheticSize size;
  uint64_t seed = 1;
  uint32_t threads = 0;
};

Result<int> run_synth(const Options& options) {
  Qwen3NextFacts facts = synthetic_qwen3_next(options.size);
  RandomSource source = synthetic_tensors(facts, options.seed);
  ConversionTask task{facts,           source,          options.output,  options.type,
                      options.tensors, options.threads, "making weights"};
  task.config = hub_config_of(facts);
  TENON_TRY(auto outputs, plan_conversion(task));
  TENON_TRY(run_conversion(task, outputs));
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "synth", "Make a checkpoint of random weights with a real model's dimensions, for measuring");
  command->add_option("OUT", options->output, "The file to write, *.gguf, or a directory")->required();
  command->add_option("--layers", options->size.layers, "Every fourth has full attention")
      ->capture_default_str()
      ->check(CLI::Range(1, 4095));
  command->add_option("--vocabulary", options->size.vocabulary, "Tokens")
      ->capture_default_str()
      ->check(CLI::Range(16, 1 << 24));
  command->add_option("--experts", options->size.experts, "Of each layer; a token uses ten")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command->add_flag("--mtp", options->size.has_speculative, "Add the head that guesses ahead");
  command->add_option("--type", options->type, "Of matrices, as tenon quantize has them")
      ->capture_default_str();
  command->add_option("--tensor", options->tensors, "Other types for some, as tenon quantize takes them")
      ->type_name("PATTERN=TYPE,...");
  command->add_option("--seed", options->seed, "The same seed gives the same file")->capture_default_str();
  command->add_option("-t,--threads", options->threads, "CPU threads; default: all processors")
      ->check(CLI::Range(1, 1024));
  command->callback([options, &chosen] { chosen = [options] { return run_synth(*options); }; });
}

}  // namespace tenon::cli
