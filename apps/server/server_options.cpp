#include <apps/server/server_options.hpp>

#include <apps/server/http/listener.hpp>

#include <tenon/base/text.hpp>

#include <cstdlib>

namespace tenon {
namespace {

constexpr double kSecondsMax = 86400;

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::string variable_of(const std::string& option) {
  std::string variable = "TENON_";
  for (char c : option) variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return variable;
}

CLI::Option* add_seconds(CLI::App& command, const std::string& name, double& seconds, const std::string& help) {
  return command.add_option(name, seconds, help)
      ->check(CLI::Range(0.0, kSecondsMax))
      ->type_name("SECONDS")
      ->capture_default_str();
}

}  // namespace

void ServeOptions::add_to(CLI::App& command) {
  add_access(command);
  add_limits(command);
  add_operation(command);
}

void ServeOptions::add_access(CLI::App& command) {
  command.add_option("--host", host, "The address to listen at")->capture_default_str();
  command.add_option("--port", port, "The port; 0: one that is free")->capture_default_str();
  command.add_option("--unix-socket", unix_socket, "Listen at this path instead")->type_name("PATH");
  command
      .add_option("--api-key-file", api_key_file,
                  "Keys that clients need, one per line, mode 0600; each is a tenant of its own")
      ->type_name("FILE");
  command.add_flag("--insecure-no-auth", is_open_to_all,
                   "Let everybody in at an address that others can reach");
  command.add_option("--allow-host", hosts, "A further name that clients may call a server on this machine by")
      ->type_name("HOST");
  command.add_option("--cors-origin", cors_origins, "Pages of this origin may use the server; * for all")
      ->type_name("ORIGIN");
}

void ServeOptions::add_limits(CLI::App& command) {
  command.add_option("--max-body", body_limit, "The largest body of a request, such as 16M")
      ->type_name("BYTES");
  command.add_option("--max-connections", limits.connections_max, "Connections at a time")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      .add_option("--max-requests-per-key", limits.requests_per_key_max,
                  "Requests of one key at a time; 0: no limit")
      ->capture_default_str();
  add_seconds(command, "--header-timeout", header_seconds, "For the headers of a request");
  add_seconds(command, "--body-timeout", body_seconds,
              "Without a byte of the body, and until 1 KiB/s is expected");
  add_seconds(command, "--keep-alive", keep_alive_seconds, "Between two requests");
  add_seconds(command, "--write-timeout", write_seconds, "In which a client takes nothing of its answer");
  add_seconds(command, "--sse-ping", ping_seconds, "Of silence before a stream gets a comment; 0: never");
}

void ServeOptions::add_operation(CLI::App& command) {
  command.add_option("--io-threads", io_threads, "Threads that serve connections")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--worker-threads", worker_threads, "Threads that read requests and make tokens")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  add_seconds(command, "--drain-timeout", drain_seconds, "For requests under way after SIGTERM");
  add_seconds(command, "--watchdog", watchdog_seconds, "That a step may take before /readyz says 503");
  command.add_option("--metrics-compat", metrics_compat, "Also write metrics under another server's names")
      ->check(CLI::IsMember({"vllm"}));
  command.add_option("--request-log", request_log, "A line of JSON per request on standard output")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  command.add_option("--trace-dir", trace_directory, "Write timelines for Perfetto here")->type_name("DIR");
  command.add_flag("--check", is_check, "Say what fits into memory, and end");
}

void name_variables(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames()[0];
    if (name != "help" && name != "version") option->envname(variable_of(name));
  }
}

Status ServeOptions::read_keys(http::KeyRing& keys) const {
  const char* key = std::getenv("TENON_API_KEY");
  if (!api_key_file.empty()) TENON_TRY(keys.read(api_key_file));
  if (key) TENON_TRY(keys.add(key, "TENON_API_KEY"));
  return ok();
}

Result<http::ServerOptions> ServeOptions::server_options() const {
  http::ServerOptions options;
  options.host = host, options.port = port, options.unix_socket = unix_socket;
  options.io_threads = io_threads, options.worker_threads = worker_threads;
  options.limits = limits;
  if (!body_limit.empty()) {
    auto bytes = parse_bytes(body_limit);
    if (!bytes || *bytes == 0)
      return invalid("--max-body: is " + printable(body_limit) + ", expected bytes such as 16M");
    options.limits.body_bytes_max = *bytes;
    options.limits.body_bytes_total_max = std::max(options.limits.body_bytes_total_max, *bytes);
  }
  options.limits.header = milliseconds_of(header_seconds);
  options.limits.body_idle = milliseconds_of(body_seconds);
  options.limits.keep_alive = milliseconds_of(keep_alive_seconds);
  options.limits.write_stall = milliseconds_of(write_seconds);
  options.limits.ping = milliseconds_of(ping_seconds);
  TENON_TRY(read_keys(options.gate.keys));
  bool is_local = !unix_socket.empty() || http::is_loopback(host);
  if (!is_local && options.gate.keys.is_empty() && !is_open_to_all)
    return invalid("--host: " + printable(host) +
                   " can be reached by others, expected keys (--api-key-file or TENON_API_KEY) or "
                   "--insecure-no-auth");
  if (is_local && unix_socket.empty()) options.gate.hosts = http::loopback_hosts(hosts);
  options.gate.cors_origins = cors_origins;
  return options;
}

}  // namespace tenon
