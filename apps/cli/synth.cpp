// tenon synth OUT: a checkpoint out of random numbers.
#include "command.hpp"
#include "conversion_run.hpp"

#include <exporters/gguf_tokenizer.hpp>
#include <exporters/qwen3_next_gguf_export.hpp>
#include <exporters/qwen3_next_synthetic.hpp>

#include <tenon/base/text.hpp>

#include <memory>

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string output, type = "bf16", tensors;
  SyntheticSize size;
  uint64_t seed = 1;
  uint32_t threads = 0;
};

Status write_gguf(const Options& options, const Qwen3NextFacts& facts, const TensorSource& source) {
  TENON_TRY(MatrixTypes types, MatrixTypes::parse(options.type, options.tensors));
  TENON_TRY(auto outputs, qwen3_next_gguf_outputs(facts, source, types));
  GgufPairs pairs = qwen3_next_gguf_pairs(facts, types);
  TENON_TRY(add_gguf_tokenizer(facts, pairs));
  TENON_TRY(TensorWriter writer, TensorWriter::gguf(options.output, pairs, plans_of(outputs)));
  return run_conversion(source, outputs, std::move(writer), options.threads, "making weights");
}

// config.json comes last, so that a directory without it is one that was not finished.
Status write_directory(const Options& options, const Qwen3NextFacts& facts, const TensorSource& source) {
  auto type = find_dtype(options.type);
  bool fits = type && is_float(*type) && *type != DType::kF8E4M3;
  if (!fits || !options.tensors.empty())
    return invalid("--type, --tensor: are " + printable(options.type) + " and \"" + printable(options.tensors) +
                   "\", expected f32, f16 or bf16 alone for a directory; a name *.gguf takes others");
  std::error_code error;
  fs::create_directories(options.output, error);
  if (error) return Error{TENON_IO, options.output + ": " + error.message()};
  auto outputs = hub_outputs(facts, *type);
  fs::path directory = options.output;
  TENON_TRY(TensorWriter writer, TensorWriter::safetensors(directory / "model.safetensors", plans_of(outputs)));
  TENON_TRY(run_conversion(source, outputs, std::move(writer), options.threads, "making weights"));
  return write_file(directory / "config.json", hub_config_of(facts));
}

Result<int> run_synth(const Options& options) {
  Qwen3NextFacts facts = synthetic_qwen3_next(options.size);
  RandomSource source = synthetic_tensors(facts, options.seed);
  TENON_TRY(is_gguf(options.output) ? write_gguf(options, facts, source)
                                    : write_directory(options, facts, source));
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
