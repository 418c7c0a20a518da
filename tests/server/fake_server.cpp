// The transport as a program, with routes that have no model behind them and the options of tenon-server.
// Writes its URL on standard output, and ends when standard input does.
#include "fake_routes.hpp"

#include <apps/common/exit_code.hpp>
#include <apps/server/request_log.hpp>
#include <apps/server/server_options.hpp>

#include <csignal>
#include <cstdio>

namespace tenon {
namespace {

// GET /ticks: an event every 5 ms until nobody reads.
void tick(std::shared_ptr<http::Exchange> exchange) {
  exchange->start_events();
  std::thread([exchange] {
    while (exchange->write_event("{\"tick\":true}").is_open)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }).detach();
}

Result<int> run(const ServeOptions& options) {
  http::Held held;
  TENON_TRY(http::ServerOptions server_options, options.server_options());
  RequestLog log;
  server_options.on_end = [&](const http::Record& record) { log.write(record); };
  TENON_TRY(auto server, http::Server::make(std::move(server_options)));
  http::Router router = http::fake_routes(held);
  router.add({"GET", "/ticks", http::Access::kKey, http::Where::kWorker, tick});
  TENON_TRY(server->start(std::move(router)));
  std::printf("%s\n", server->url().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server->abort();
  server->wait();
  return kExitOk;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("The transport with routes of tests.");
  tenon::ServeOptions options;
  options.add_to(app);
  tenon::name_variables(app);
  CLI11_PARSE(app, argc, argv);
  tenon::Result<int> code = tenon::run(options);
  return code.ok() ? code.value() : tenon::report(code.error());
}
