// tenon quantize CHECKPOINT OUT.gguf --type q4_k
#include "command.hpp"
#include "conversion_run.hpp"

#include <exporters/gguf_tokenizer.hpp>
#include <exporters/qwen3_next_gguf_export.hpp>

#include <tenon/base/text.hpp>

#include <memory>
#include <set>

namespace tenon::cli {
namespace {

struct Options {
  std::string checkpoint, output, type = "q8_0", tensors;
  uint32_t threads = 0;
};

// Every tensor must find its way into the file, as every tensor must be asked for when a model runs.
Status check_all_used(const CheckpointSource& source, const std::vector<OutputTensor>& outputs) {
  std::set<std::string> used;
  for (const OutputTensor& output : outputs)
    for (const RowRange& range : output.ranges) used.insert(range.tensor);
  for (const std::string& name : source.names())
    if (!used.contains(name))
      return invalid("tensor " + printable(name) + ": has no place in GGUF, expected none such");
  return ok();
}

Result<int> run_quantize(const Options& options) {
  TENON_TRY(MatrixTypes types, MatrixTypes::parse(options.type, options.tensors));
  if (!is_gguf(options.output))
    return invalid(printable(options.output) + ": is to be written, expected a name that ends in .gguf");
  TENON_TRY(HubConfig hub, HubConfig::open(options.checkpoint));
  TENON_TRY(std::string type, hub.get_text(hub.config(), "model_type"));
  if (type != "qwen3_next") return hub.refuse(hub.config(), "model_type", type, "\"qwen3_next\"");
  TENON_TRY(Qwen3NextFacts facts, read_qwen3_next(hub));
  TENON_TRY(CheckpointSource source, CheckpointSource::open(hub.directory()));
  TENON_TRY(auto outputs, qwen3_next_gguf_outputs(facts, source, types));
  TENON_TRY(check_all_used(source, outputs));
  GgufPairs pairs = qwen3_next_gguf_pairs(facts, types);
  TENON_TRY(add_gguf_tokenizer(facts, pairs));
  TENON_TRY(TensorWriter writer, TensorWriter::gguf(options.output, pairs, plans_of(outputs)));
  TENON_TRY(run_conversion(source, outputs, std::move(writer), options.threads, "quantizing"));
  return 0;
}

}  // namespace

void add_quantize(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("quantize", "Write a checkpoint as a GGUF file, its matrices quantised");
  command->add_option("CHECKPOINT", options->checkpoint, "A directory in the Hugging Face layout")->required();
  command->add_option("OUT", options->output, "The file to write, *.gguf")->required();
  command->add_option("--type", options->type, "Of matrices: f32, f16, bf16, q8_0, q4_0, q4_k or q6_k")
      ->capture_default_str();
  command
      ->add_option(
          "--tensor", options->tensors,
          "Other types for some, as experts=q4_k,head=q6_k,blk.0.*=q8_0: a group (experts, dense, head, "
          "embedding) or a pattern over names; the last that fits counts")
      ->type_name("PATTERN=TYPE,...");
  command->add_option("-t,--threads", options->threads, "CPU threads; default: all processors")
      ->check(CLI::Range(1, 1024));
  command->callback([options, &chosen] { chosen = [options] { return run_quantize(*options); }; });
}

}  // namespace tenon::cli
