// Counts and times for Prometheus: of requests as they end, and of the engine as it stands.
#pragma once
#include <apps/server/http/record.hpp>
#include <apps/server/http/server.hpp>

#include <tenon/engine/engine_stats.hpp>

#include <functional>
#include <memory>

namespace tenon {

struct MetricsOptions {
  std::string model_name;       // label of vLLM's names
  bool has_vllm_names = false;  // everything that vLLM has, under its names too
};

// What is asked each time somebody reads the metrics. Each function must outlive them; any thread.
struct MetricsSources {
  std::function<EngineStats()> engine;
  std::function<double()> step_seconds;
  std::function<bool()> is_ready;
  std::function<http::Server::Counts()> server;
};

// Thread: any.
class Metrics {
 public:
  Metrics(MetricsOptions options, MetricsSources sources);
  ~Metrics();

  // A request has ended.
  void count(const http::Record& record);
  // Everything, in Prometheus's text format.
  std::string text() const;

 private:
  class Families;
  const MetricsOptions options_;
  const MetricsSources sources_;
  std::unique_ptr<Families> families_;
};

}  // namespace tenon
