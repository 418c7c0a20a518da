// Timelines of requests and of the engine in Chrome's trace format, which ui.perfetto.dev opens. One file per
// run of the server; it can be opened while it grows, since the format allows for a missing end.
#pragma once
#include <apps/server/http/record.hpp>

#include <tenon/engine/engine_stats.hpp>
#include <tenon/sdk/result.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace tenon {

// Thread: any.
class Timeline {
 public:
  // At which a file is left and the next one begun.
  static constexpr uint64_t kFileBytesMax = 256 << 20;

  // Makes tenon-PID-0.json in that directory, which must exist. Fails with TENON_IO.
  static Result<std::unique_ptr<Timeline>> make(const std::filesystem::path& directory);
  ~Timeline();

  // A request on a row of its own: waiting, prefill and decode of each answer.
  void add(const http::Record& record);
  // What the engine holds now: counters over time.
  void add(const EngineStats& stats);

 private:
  explicit Timeline(std::filesystem::path directory) : directory_(std::move(directory)) {}
  Status open();
  void close();
  void write(const std::string& event);
  void span(const std::string& name, uint64_t row, http::Clock::time_point begin, double seconds,
            const std::string& arguments);
  double microseconds(http::Clock::time_point time) const;

  const std::filesystem::path directory_;
  const http::Clock::time_point begun_ = http::Clock::now();
  std::mutex mutex_;
  std::FILE* file_ = nullptr;
  uint64_t bytes_ = 0, rows_ = 0;
  uint32_t number_ = 0;
};

}  // namespace tenon
