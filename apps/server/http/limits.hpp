// What a client may take of the server. Each has a test; docs/server.md lists them.
#pragma once
#include <chrono>
#include <cstdint>

namespace tenon::http {

struct Limits {
  uint64_t body_bytes_max = 16 << 20;         // counted as they come, chunked or not: 413
  uint64_t body_bytes_total_max = 256 << 20;  // of all requests that are read or under way: 503
  uint32_t headers_max = 100;                 // fields: 431
  uint32_t header_bytes_max = 32 << 10, line_bytes_max = 8 << 10;  // 431; the first line too: 414
  uint32_t connections_max = 1024;                                 // more wait to be accepted
  uint32_t requests_per_key_max = 0;                               // at a time, per tenant; 0: no limit. 429
  uint64_t queued_bytes_max = 8 << 20;  // of an answer, not taken by the client: cut off

  using milliseconds = std::chrono::milliseconds;
  milliseconds header{10'000};                // from the first byte to the end of the headers: 408
  milliseconds body_idle{10'000};             // without a byte of the body: 408
  uint32_t body_bytes_per_second_min = 1024;  // on average, once body_idle has passed: 408
  milliseconds keep_alive{75'000};            // between two requests: closed
  milliseconds write_stall{30'000};           // in which the client takes nothing: cut off
  milliseconds ping{15'000};  // of silence in a stream of events before a comment goes out; 0: never
};

}  // namespace tenon::http
