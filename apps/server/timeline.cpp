#include <apps/server/timeline.hpp>

#include <apps/server/request_log.hpp>

#include <tenon/base/file.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace tenon {
namespace {

using http::Clock;

double seconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

Clock::time_point later(Clock::time_point time, double by_s) {
  return time + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(by_s));
}

}  // namespace

Result<std::unique_ptr<Timeline>> Timeline::make(const std::filesystem::path& directory) {
  std::unique_ptr<Timeline> timeline(new Timeline(directory));
  TENON_TRY(timeline->open());
  return timeline;
}

Timeline::~Timeline() { close(); }

Status Timeline::open() {
  auto path = directory_ / fmt::format("tenon-{}-{}.json", ::getpid(), number_++);
  file_ = std::fopen(path.c_str(), "wxe");
  if (!file_) return prefixed("--trace-dir", io_error(path, errno));
  bytes_ = 0;
  write(fmt::format(R"([{{"ph":"M","pid":1,"name":"process_name","args":{{"name":"tenon {}"}}}})", ::getpid()));
  return ok();
}

void Timeline::close() {
  if (!file_) return;
  std::fputs("\n]\n", file_);
  std::fclose(file_);
  file_ = nullptr;
}

void Timeline::write(const std::string& event) {
  if (!file_) return;
  if (bytes_ > 0) std::fputs(",\n", file_);
  std::fwrite(event.data(), 1, event.size(), file_);
  std::fflush(file_);
  bytes_ += event.size() + 2;
  if (bytes_ < kFileBytesMax) return;
  close();
  if (!open().ok()) file_ = nullptr;  // the disk is full: the server goes on without a timeline
}

void Timeline::add(const http::Record& record) {
  std::lock_guard lock(mutex_);
  uint64_t row = ++rows_;
  std::string name = record.route.empty() ? "refused" : record.route;
  span(name, row, record.begun, seconds(record.begun, record.ended), json_line_of(record));
  for (const http::Answer& answer : record.generation.answers) {
    const http::Fare& fare = answer.fare;
    Clock::time_point begin = record.generation.submitted;
    span("waiting", row, begin, fare.queued_s, "{}");
    begin = later(begin, fare.queued_s);
    span("prefill", row, begin, fare.prefill_s, fmt::format(R"({{"cached_tokens":{}}})", fare.cached_tokens));
    begin = later(begin, fare.prefill_s);
    span("decode", row, begin, fare.decode_s,
         fmt::format(R"({{"tokens":{},"drafted":{},"accepted":{}}})", answer.tokens, fare.drafted,
                     fare.accepted));
  }
}

void Timeline::add(const EngineStats& stats) {
  std::lock_guard lock(mutex_);
  write(
      fmt::format(R"({{"ph":"C","pid":1,"name":"requests","ts":{:.1f},"args":{{"running":{},"waiting":{}}}}})",
                  microseconds(Clock::now()), stats.running, stats.waiting));
  write(fmt::format(R"({{"ph":"C","pid":1,"name":"tokens","ts":{:.1f},"args":{{"prompt":{},"output":{}}}}})",
                    microseconds(Clock::now()), stats.prompt_tokens, stats.output_tokens));
  write(fmt::format(R"({{"ph":"C","pid":1,"name":"cache","ts":{:.1f},"args":{{"used":{},"kept":{}}}}})",
                    microseconds(Clock::now()), stats.cache.used_by_sequences, stats.cache.kept_for_later));
}

void Timeline::span(const std::string& name, uint64_t row, Clock::time_point begin, double duration_s,
                    const std::string& arguments) {
  write(fmt::format(R"({{"ph":"X","pid":1,"tid":{},"name":"{}","ts":{:.1f},"dur":{:.1f},"args":{}}})", row,
                    name, microseconds(begin), duration_s * 1e6, arguments));
}

double Timeline::microseconds(Clock::time_point time) const { return seconds(begun_, time) * 1e6; }

}  // namespace tenon
