// tenon: the command line. Each subcommand is a file beside this one.
#include "command.hpp"

#include <apps/common/exit_code.hpp>
#include <apps/common/version.hpp>

#include <tenon/base/log.hpp>

#include <csignal>
#include <new>

namespace tenon::cli {
namespace {

int run(int argc, char** argv) {
  CLI::App app("Assembles and runs Qwen3-Next from plugins.", "tenon");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("tenon ") + kVersion);
  std::string log_level = "warning";
  app.add_option("--log", log_level, "Log level: debug, info, warning, error or off")->capture_default_str();

  Action chosen;
  add_run(app, chosen);
  add_bench(app, chosen);
  add_import(app, chosen);
  add_quantize(app, chosen);
  add_synth(app, chosen);
  add_inspect(app, chosen);
  add_serve(app, chosen);
  add_plugins(app, chosen);
  add_devices(app, chosen);
  add_parity(app, chosen);
  add_perplexity(app, chosen);
  add_tokenize(app, chosen);
  add_template(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "tenon: %s (see tenon --help)\n", e.what());
    return kExitUsage;
  }
  if (!set_up_log(log_level)) {
    std::fprintf(stderr, "tenon: --log: is %s, expected debug, info, warning, error or off\n",
                 log_level.c_str());
    return kExitUsage;
  }
  Result<int> code = chosen();
  return code.ok() ? code.value() : report(code.error());
}

}  // namespace
}  // namespace tenon::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen as a failed write
  try {
    return tenon::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return tenon::report({TENON_OUT_OF_MEMORY, "out of memory"});
  } catch (const std::exception& e) {
    return tenon::report({TENON_INTERNAL, std::string("exception: ") + e.what()});
  }
}
