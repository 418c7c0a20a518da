// The options of tenon-server that concern how it is reached and run.
#pragma once
#include <apps/server/http/server.hpp>

#include <CLI/CLI.hpp>

namespace tenon {

struct ServeOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8000;
  std::string unix_socket;
  std::string api_key_file;
  bool is_open_to_all = false;  // --insecure-no-auth
  std::vector<std::string> hosts, cors_origins;

  http::Limits limits;
  std::string body_limit;  // "16M"
  double header_seconds = 10, body_seconds = 10, keep_alive_seconds = 75, write_seconds = 30, ping_seconds = 15;
  uint32_t io_threads = 1, worker_threads = 2;

  double drain_seconds = 30, watchdog_seconds = 5;
  std::string metrics_compat;  // "vllm"
  std::string request_log = "on";
  std::string trace_directory;
  bool is_check = false;  // --check

  void add_to(CLI::App& command);
  // Everything that can be refused before a model is looked at: addresses, keys, sizes.
  Result<http::ServerOptions> server_options() const;

 private:
  void add_access(CLI::App& command);
  void add_limits(CLI::App& command);
  void add_operation(CLI::App& command);
  Status read_keys(http::KeyRing& keys) const;
};

// Every option of the command can be given by an environment variable too: --api-key-file by
// TENON_API_KEY_FILE. The command line goes first.
void name_variables(CLI::App& command);

}  // namespace tenon
