// tenon quantize CHECKPOINT OUT --type q4_k
#include "command.hpp"
#include "conversion_run.hpp"
#include "perplexity_run.hpp"

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <memory>
#include <set>

namespace tenon::cli {
namespace {

struct Options {
  std::string checkpoint, output, type, tensors;
  uint32_t threads = 0;
  bool does_resume = false;
  std::string calibrate;
};

// Every tensor must find its way into the file, as every tensor must be asked for when a model runs.
Status check_all_used(const CheckpointSource& source, const std::vector<OutputTensor>& outputs) {
  std::set<std::string> used;
  for (const OutputTensor& output : outputs)
    for (const RowRange& range : output.ranges) used.insert(range.tensor);
  for (const std::string& name : source.names())
    if (!used.contains(name))
      return invalid("tensor " + printable(name) + ": has no place in what is written, expected none such");
  return ok();
}

// Before hours of work rather than after them.
Status check_calibration(const Options& options, const Qwen3NextFacts& facts) {
  if (options.calibrate.empty()) return ok();
  constexpr uint64_t kTextBytesMax = uint64_t{1} << 30;
  TENON_TRY(std::string text, read_file(options.calibrate, kTextBytesMax));
  if (text.empty()) return invalid(options.calibrate + ": is empty, expected text");
  if (facts.text.tokenizer.empty())
    return invalid("--calibrate: " + options.checkpoint +
                   " has no tokenizer.json, expected one to cut the text with");
  return ok();
}

// What was lost, in terms of a text.
Status compare_perplexity(const Options& options) {
  ModelOptions before, after;
  before.model = options.checkpoint, after.model = options.output;
  before.threads = after.threads = options.threads;
  PerplexityRequest request;
  request.text = options.calibrate;
  TENON_TRY(PerplexityReport report, measure_perplexity(after, &before, request));
  std::printf("\n");
  print_perplexity(report, "after", "before");
  return ok();
}

Result<int> run_quantize(const Options& options) {
  TENON_TRY(HubConfig hub, HubConfig::open(options.checkpoint));
  TENON_TRY(std::string type, hub.get_text(hub.config(), "model_type"));
  if (type != "qwen3_next") return hub.refuse(hub.config(), "model_type", type, "\"qwen3_next\"");
  TENON_TRY(Qwen3NextFacts facts, read_qwen3_next(hub));
  TENON_TRY(check_calibration(options, facts));
  TENON_TRY(CheckpointSource source, CheckpointSource::open(hub.directory()));
  ConversionTask task{facts,           source,          options.output, options.type,
                      options.tensors, options.threads, "quantizing"};
  task.config = hub.config(), task.text_files = hub.directory();
  using Interruption = ConversionTask::Interruption;
  task.interruption = options.does_resume ? Interruption::kGoOn : Interruption::kKeep;
  TENON_TRY(auto outputs, plan_conversion(task));
  TENON_TRY(check_all_used(source, outputs));
  TENON_TRY(run_conversion(task, outputs));
  if (!options.calibrate.empty()) TENON_TRY(compare_perplexity(options));
  return 0;
}

}  // namespace

void add_quantize(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "quantize", "Write a checkpoint anew, its matrices quantised: a GGUF file or a directory");
  command->add_option("CHECKPOINT", options->checkpoint, "A directory in the Hugging Face layout")->required();
  command->add_option("OUT", options->output, "What to write: a file *.gguf, or a directory")->required();
  command->add_option(
      "--type", options->type,
      "Of matrices: f32, f16 or bf16; in a file q8_0 (the default), q4_0, q4_k or q6_k; in a "
      "directory int8 (the default), int4, both also in groups of 32 as int8_32 and int4_32, or fp8");
  command
      ->add_option(
          "--tensor", options->tensors,
          "Other types for some, as experts=q4_k,head=q6_k,blk.0.*=q8_0: a group (experts, dense, head, "
          "embedding) or a pattern over names; the last that fits counts")
      ->type_name("PATTERN=TYPE,...");
  command->add_flag("--resume", options->does_resume,
                    "Go on where an earlier run with the same arguments was interrupted");
  command
      ->add_option("--calibrate", options->calibrate,
                   "Then compare both models' guesses of this text, as tenon perplexity does")
      ->type_name("TEXT");
  command->add_option("-t,--threads", options->threads, "CPU threads; default: all processors")
      ->check(CLI::Range(1, 1024));
  command->callback([options, &chosen] { chosen = [options] { return run_quantize(*options); }; });
}

}  // namespace tenon::cli
