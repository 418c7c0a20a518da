// tenon-server from its options to its exit code.
#pragma once
#include <apps/common/loaded_model.hpp>
#include <apps/server/api/api_options.hpp>
#include <apps/server/metrics.hpp>
#include <apps/server/request_log.hpp>
#include <apps/server/run_loop.hpp>
#include <apps/server/server_options.hpp>
#include <apps/server/startup.hpp>
#include <apps/server/timeline.hpp>

namespace tenon {

struct ProgramOptions {
  ModelOptions model;
  ServeOptions serve;
  api::ApiOptions api;
};

// Thread: one.
class Program {
 public:
  explicit Program(const ProgramOptions& options) : options_(options) {}
  // Everything from the first line to the last. Returns the exit code.
  Result<int> run();

 private:
  Status take_address();
  Status load(Startup& startup);
  Status warm_up();
  Status open_to_clients();
  Result<int> check();
  void on_end(const http::Record& record);

  const ProgramOptions& options_;
  // In the order in which one needs the other; the server goes first.
  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<AsyncEngine> engine_;
  std::unique_ptr<api::Service> service_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace tenon
