// tenon-server: one model behind HTTP.
#include <apps/common/exit_code.hpp>
#include <apps/common/version.hpp>
#include <apps/server/program.hpp>

#include <tenon/base/log.hpp>

#include <new>

namespace tenon {
namespace {

int run(int argc, char** argv) {
  CLI::App app("Serves a model over HTTP.", "tenon-server");
  app.set_version_flag("--version", std::string("tenon-server ") + kVersion);
  ProgramOptions options;
  std::string log_level = "warning";
  app.add_option("--log", log_level, "Log level: debug, info, warning, error or off")->capture_default_str();
  options.model.add_to(app);
  options.serve.add_to(app);
  options.api.add_to(app);
  name_variables(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "tenon: %s (see tenon-server --help)\n", e.what());
    return kExitUsage;
  }
  if (!set_up_log(log_level)) {
    std::fprintf(stderr, "tenon: --log: is %s, expected debug, info, warning, error or off\n",
                 log_level.c_str());
    return kExitUsage;
  }
  Result<int> code = Program(options).run();
  return code.ok() ? code.value() : report(code.error());
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  tenon::hold_signals();
  try {
    return tenon::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return tenon::report({TENON_OUT_OF_MEMORY, "out of memory"});
  } catch (const std::exception& e) {
    return tenon::report({TENON_INTERNAL, std::string("exception: ") + e.what()});
  }
}
