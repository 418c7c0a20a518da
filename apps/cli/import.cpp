// tenon import CHECKPOINT > model.toml
#include "command.hpp"

#include <apps/common/progress.hpp>
#include <importers/checkpoint_description.hpp>

#include <tenon/base/file.hpp>

#include <cstdio>
#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  std::string checkpoint, output;
};

Result<int> run_import(const Options& options) {
  TENON_TRY(std::string toml, describe_checkpoint(options.checkpoint));
  if (options.output.empty()) {
    std::fputs(toml.c_str(), stdout);
    return 0;
  }
  TENON_TRY(write_file(options.output, toml));
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("import", "Write the description of a checkpoint, to be edited");
  command
      ->add_option("CHECKPOINT", options->checkpoint, "A directory in the Hugging Face layout, or a GGUF file")
      ->required();
  command->add_option("-o,--output", options->output, "Where to write it; default: standard output")
      ->type_name("FILE");
  command->callback([options, &chosen] { chosen = [options] { return run_import(*options); }; });
}

}  // namespace tenon::cli
