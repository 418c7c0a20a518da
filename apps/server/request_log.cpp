#include <apps/server/request_log.hpp>

#include <tenon/base/json.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tenon {
namespace {

using http::Clock;

// Milliseconds, rounded to microseconds, since a time that may be zero: then there is nothing to say.
Json milliseconds(Clock::time_point from, Clock::time_point to) {
  if (from == Clock::time_point{} || to == Clock::time_point{}) return nullptr;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(to - from).count()) / 1000;
}

std::string time_now() {
  auto now = std::chrono::system_clock::now();
  std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  auto part = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", std::string_view(text, length), part);
}

void add_generation(Json& line, const http::Generation& generation) {
  uint64_t tokens = 0, cached = 0, drafted = 0, accepted = 0;
  double queued_s = 0;
  Clock::time_point first{};
  Json reasons = Json::array();
  for (const http::Answer& answer : generation.answers) {
    tokens += answer.tokens, cached += answer.fare.cached_tokens;
    drafted += answer.fare.drafted, accepted += answer.fare.accepted;
    queued_s = std::max(queued_s, answer.fare.queued_s);
    bool is_first = answer.tokens > 0 && (first == Clock::time_point{} || answer.first < first);
    if (is_first) first = answer.first;
    reasons.push_back(answer.finish_reason.empty() ? "abort" : answer.finish_reason);
  }
  line["prompt_tokens"] = generation.prompt_tokens;
  line["cached_tokens"] = cached;
  line["output_tokens"] = tokens;
  line["drafted"] = drafted, line["accepted"] = accepted;
  line["queued_ms"] = static_cast<double>(static_cast<int64_t>(queued_s * 1e6)) / 1000;
  line["first_token_ms"] = milliseconds(generation.submitted, first);
  line["finish_reasons"] = std::move(reasons);
}

}  // namespace

std::string json_line_of(const http::Record& record) {
  Json line = {{"time", time_now()},    {"id", record.id},         {"method", record.method},
               {"route", record.route}, {"status", record.status}, {"ending", name_of(record.ending)}};
  if (!record.error_code.empty()) line["error"] = record.error_code;
  line["tenant"] = record.tenant;
  line["bytes_in"] = record.bytes_in, line["bytes_out"] = record.bytes_out;
  line["first_byte_ms"] = milliseconds(record.begun, record.first_byte);
  line["total_ms"] = milliseconds(record.begun, record.ended);
  if (!record.generation.answers.empty()) add_generation(line, record.generation);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RequestLog::RequestLog()
    : logger_(std::make_shared<spdlog::logger>("requests", std::make_shared<spdlog::sinks::stdout_sink_mt>())) {
  logger_->set_pattern("%v");
  logger_->flush_on(spdlog::level::info);
}

void RequestLog::write(const http::Record& record) {
  bool is_probe = record.route == "/livez" || record.route == "/readyz" || record.route == "/health";
  if (is_probe && record.status < 400) return;
  logger_->info("{}", json_line_of(record));
}

}  // namespace tenon
