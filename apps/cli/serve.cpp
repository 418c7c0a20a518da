// tenon serve: becomes tenon-server, which stands beside this program and knows its own options.
#include "command.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace tenon::cli {
namespace {

Result<int> run_serve(std::vector<std::string> arguments) {
  std::error_code error;
  std::filesystem::path program = std::filesystem::canonical("/proc/self/exe", error);
  std::string server = (program.parent_path() / "tenon-server").string();
  arguments.insert(arguments.begin(), server);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(server.c_str(), pointers.data());
  return Error{TENON_UNSUPPORTED, "serve: cannot start " + server + ": " + std::strerror(errno)};
}

}  // namespace

void add_serve(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("serve", "Serve a model over HTTP (see tenon serve --help)");
  command->set_help_flag();
  command->prefix_command();
  command->callback([command, &chosen] {
    std::vector<std::string> arguments = command->remaining();
    chosen = [arguments] { return run_serve(arguments); };
  });
}

}  // namespace tenon::cli
