// What every subcommand of `tenon` offers to main: one function that declares it.
#pragma once
#include <tenon/sdk/result.hpp>

#include <CLI/CLI.hpp>

#include <functional>

namespace tenon::cli {

// What was chosen on the command line. It returns the exit code, or an error that main prints and turns into
// one.
using Action = std::function<Result<int>()>;

// Each declares one subcommand; parsing it sets `chosen`. Options live as long as the action.
void add_run(CLI::App& app, Action& chosen);
void add_bench(CLI::App& app, Action& chosen);
void add_import(CLI::App& app, Action& chosen);
void add_quantize(CLI::App& app, Action& chosen);
void add_synth(CLI::App& app, Action& chosen);
void add_inspect(CLI::App& app, Action& chosen);
void add_serve(CLI::App& app, Action& chosen);
void add_plugins(CLI::App& app, Action& chosen);
void add_devices(CLI::App& app, Action& chosen);
void add_parity(CLI::App& app, Action& chosen);
void add_perplexity(CLI::App& app, Action& chosen);
void add_tokenize(CLI::App& app, Action& chosen);
void add_template(CLI::App& app, Action& chosen);

}  // namespace tenon::cli
