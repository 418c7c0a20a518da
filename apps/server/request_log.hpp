// A line of JSON for each request that has ended: what was asked of the server, never what the text was.
#pragma once
#include <apps/server/http/record.hpp>

#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace tenon {

// Thread: any.
class RequestLog {
 public:
  // On standard output. Probes of the open routes are left out unless they fail.
  RequestLog();
  void write(const http::Record& record);

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

// {"time": "2026-11-28T06:36:40.123Z", "id": ..., "route": ..., "status": ..., ...}
std::string json_line_of(const http::Record& record);

}  // namespace tenon
