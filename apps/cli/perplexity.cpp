// tenon perplexity MODEL TEXT: how well a model guesses a text.
#include "command.hpp"
#include "perplexity_run.hpp"

#include <tenon/base/json.hpp>

#include <cstdio>
#include <memory>

namespace tenon::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string reference;
  PerplexityRequest request;
  bool as_json = false;
};

void print_json(const PerplexityReport& report, bool has_reference) {
  Json json = {{"perplexity", report.model.value},
               {"error", report.model.error},
               {"windows", report.windows},
               {"window", report.window},
               {"tokens", report.tokens}};
  if (has_reference) {
    json["reference"] = {{"perplexity", report.reference.value}, {"error", report.reference.error}};
    json["mean_kl"] = report.mean_kl, json["top_1"] = report.top_1;
  }
  std::printf("%s\n", json.dump(2).c_str());
}

Result<int> run_perplexity(const Options& options) {
  ModelOptions reference = options.model;
  reference.model = options.reference;
  bool has_reference = !options.reference.empty();
  TENON_TRY(PerplexityReport report,
            measure_perplexity(options.model, has_reference ? &reference : nullptr, options.request));
  options.as_json ? print_json(report, has_reference)
                  : print_perplexity(report, "model", has_reference ? "reference" : nullptr);
  return 0;
}

}  // namespace

void add_perplexity(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("perplexity", "Measure how well a model guesses a text");
  options->model.add_to(*command);
  command->get_option("MODEL")->required();
  command->add_option("TEXT", options->request.text, "A file of UTF-8 text")->required();
  command->add_option("--vs", options->reference, "Another model: how near the first comes to it")
      ->type_name("MODEL");
  command
      ->add_option("--window", options->request.window, "Tokens that are read together; the second half counts")
      ->capture_default_str()
      ->check(CLI::Range(2, 1 << 20));
  command->add_option("--windows", options->request.windows_max, "So many at most")
      ->check(CLI::Range(1, 1 << 30));
  command->add_flag("--json", options->as_json, "Write everything as JSON");
  command->callback([options, &chosen] { chosen = [options] { return run_perplexity(*options); }; });
}

}  // namespace tenon::cli
