// What is told of requests after their end: log lines, metrics and timelines.
#include <apps/server/metric_tables.hpp>
#include <apps/server/metrics.hpp>
#include <apps/server/request_log.hpp>
#include <apps/server/timeline.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace tenon {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// A request with two answers: three tokens, of which the last two came in one step, and none, since the client
// left.
http::Record make_record() {
  http::Record record;
  record.id = "id-1", record.method = "POST", record.route = "/v1/completions", record.status = 200;
  record.begun = http::Clock::now();
  record.first_byte = record.begun + 5ms, record.ended = record.begun + 100ms;
  http::Generation& generation = record.generation;
  generation.prompt_tokens = 7, generation.tokens_max = 64;
  generation.submitted = record.begun + 2ms;
  generation.answers.resize(2);
  http::Answer& answer = generation.answers[0];
  answer.tokens = 3, answer.intervals_s = {0.03f, 0.0f};
  answer.first = generation.submitted + 20ms, answer.last = answer.first + 30ms;
  answer.finish_reason = "stop";
  answer.fare = {4, 6, 2, 0.001, 0.019, 0.030};
  return record;
}

Metrics make_metrics(bool has_vllm_names) {
  MetricsSources sources;
  sources.engine = [] {
    EngineStats stats;
    stats.running = 3, stats.prompt_tokens = 100;
    stats.cache.pool = 200, stats.cache.used_by_sequences = 50;
    return stats;
  };
  sources.step_seconds = [] { return 0.25; };
  sources.is_ready = [] { return true; };
  sources.server = [] { return http::Server::Counts{5, 2, 9, 1}; };
  return Metrics({"demo \"1\"", has_vllm_names}, std::move(sources));
}

// The value of a line of Prometheus's text format.
std::string value_of(const std::string& text, const std::string& series) {
  size_t at = text.find("\n" + series + " ");
  if (at == text.npos) return "missing";
  size_t begin = at + series.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(RequestLog, TellsCountsAndTimes) {
  json line = json::parse(json_line_of(make_record()));
  EXPECT_EQ(line["id"], "id-1");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["ending"], "answered");
  EXPECT_EQ(line["total_ms"], 100.0);
  EXPECT_EQ(line["first_byte_ms"], 5.0);
  EXPECT_EQ(line["first_token_ms"], 20.0);
  EXPECT_EQ(line["prompt_tokens"], 7);
  EXPECT_EQ(line["cached_tokens"], 4);
  EXPECT_EQ(line["output_tokens"], 3);
  EXPECT_EQ(line["finish_reasons"], json({"stop", "abort"}));
}

TEST(RequestLog, SaysNothingOfTheEngineWhereItWasNotAsked) {
  http::Record record = make_record();
  record.generation = {};
  record.first_byte = {};
  record.error_code = "unknown_url";
  json line = json::parse(json_line_of(record));
  EXPECT_FALSE(line.contains("prompt_tokens"));
  EXPECT_TRUE(line["first_byte_ms"].is_null());
  EXPECT_EQ(line["error"], "unknown_url");
}

TEST(Metrics, CountRequestsAndTokens) {
  Metrics metrics = make_metrics(false);
  metrics.count(make_record());
  std::string text = metrics.text();
  EXPECT_EQ(value_of(text, "tenon_http_requests_total{route=\"/v1/completions\",status=\"200\"}"), "1");
  EXPECT_EQ(value_of(text, "tenon_http_endings_total{ending=\"answered\"}"), "1");
  EXPECT_EQ(value_of(text, "tenon_answers_total{finished_reason=\"stop\"}"), "1");
  EXPECT_EQ(value_of(text, "tenon_answers_total{finished_reason=\"abort\"}"), "1");
  EXPECT_EQ(value_of(text, "tenon_time_to_first_token_seconds_bucket{le=\"0.01\"}"), "0");
  EXPECT_EQ(value_of(text, "tenon_time_to_first_token_seconds_bucket{le=\"0.04\"}"), "1");
  EXPECT_EQ(value_of(text, "tenon_inter_token_seconds_count"), "2");
  EXPECT_EQ(value_of(text, "tenon_request_output_tokens_sum"), "3");
  EXPECT_EQ(value_of(text, "tenon_requests_running"), "3");
  EXPECT_EQ(value_of(text, "tenon_cache_usage_ratio"), "0.25");
  EXPECT_EQ(value_of(text, "tenon_http_connections"), "5");
  EXPECT_EQ(text.find("vllm:"), text.npos);
}

TEST(Metrics, TellTheSameUnderVllmsNames) {
  Metrics metrics = make_metrics(true);
  metrics.count(make_record());
  std::string text = metrics.text(), label = "{engine=\"0\",model_name=\"demo \\\"1\\\"\"}";
  EXPECT_EQ(value_of(text, "vllm:num_requests_running" + label), "3");
  EXPECT_EQ(value_of(text, "vllm:prompt_tokens_total" + label), "100");
  EXPECT_EQ(value_of(text, "vllm:kv_cache_usage_perc" + label), "0.25");
  EXPECT_EQ(value_of(text, "vllm:time_to_first_token_seconds_count" + label), "1");
  EXPECT_EQ(value_of(text, "tenon_time_to_first_token_seconds_count"), "1");
}

TEST(Metrics, EveryNameIsGivenOnceAndVllmsNamesMeanSomething) {
  std::set<std::string> names, vllm;
  for (const HistogramLine& line : histogram_lines()) EXPECT_TRUE(names.insert(line.name).second) << line.name;
  for (const StandingLine& line : standing_lines()) EXPECT_TRUE(names.insert(line.name).second) << line.name;
  for (const std::string& name : names)
    if (const char* other = vllm_name_of(name)) {
      EXPECT_TRUE(vllm.insert(other).second) << other;
    }
  EXPECT_EQ(vllm.size(), 23u);  // and vllm:request_success_total, whose labels are counted as they come
}

TEST(Timeline, IsJsonWithARowForEachRequest) {
  std::filesystem::path folder = testing::TempDir() + "timeline-" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  {
    auto timeline = Timeline::make(folder);
    ASSERT_TRUE(timeline.ok()) << timeline.error().text;
    timeline.value()->add(make_record());
    timeline.value()->add(EngineStats{});
  }
  std::filesystem::path file = std::filesystem::directory_iterator(folder)->path();
  std::stringstream content;
  content << std::ifstream(file).rdbuf();
  json events = json::parse(content.str());
  std::map<std::string, double> durations_us;
  for (const json& event : events)
    if (event["ph"] == "X" && event["dur"] > 0) durations_us[event["name"]] = event["dur"];
  EXPECT_EQ(durations_us["/v1/completions"], 100000.0);
  EXPECT_EQ(durations_us["waiting"], 1000.0);
  EXPECT_EQ(durations_us["prefill"], 19000.0);
  EXPECT_EQ(durations_us["decode"], 30000.0);
  EXPECT_EQ(std::count_if(events.begin(), events.end(), [](const json& event) { return event["ph"] == "C"; }),
            3);
  std::filesystem::remove_all(folder);
}

TEST(Timeline, SaysWhereItCannotWrite) {
  auto timeline = Timeline::make("/nowhere/at/all");
  ASSERT_FALSE(timeline.ok());
  EXPECT_TRUE(timeline.error().text.starts_with("--trace-dir: /nowhere/at/all/")) << timeline.error().text;
}

}  // namespace
}  // namespace tenon
