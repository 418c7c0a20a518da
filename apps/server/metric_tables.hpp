// Which metrics there are: one line each. docs/server.md lists them.
#pragma once
#include <apps/server/http/record.hpp>
#include <apps/server/http/server.hpp>

#include <tenon/engine/engine_stats.hpp>

#include <prometheus/metric_type.h>

#include <functional>
#include <string>
#include <vector>

namespace tenon {

// Filled as requests end.
struct HistogramLine {
  const char* name;
  const char* help;
  std::vector<double> buckets;  // upper bounds; those of vLLM where it has the same
  std::function<void(const http::Record&, const std::function<void(double)>& add)> observe;
};
const std::vector<HistogramLine>& histogram_lines();

// As things stand when somebody asks.
struct Standing {
  EngineStats engine;
  http::Server::Counts server;
  double step_seconds = 0;
  bool is_ready = false;
};
struct StandingLine {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  std::function<double(const Standing&)> value;
};
const std::vector<StandingLine>& standing_lines();

// What vLLM calls the same thing; nullptr if it has no such metric.
const char* vllm_name_of(const std::string& name);

}  // namespace tenon
