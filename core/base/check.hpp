// For programs that are wrong: TENON_CHECK aborts with the condition and a sentence. Never for input of any
// kind.
#pragma once
#include <spdlog/fmt/fmt.h>

#include <string>

namespace tenon {

[[noreturn]] void fail_check(const char* file, int line, const char* condition, const std::string& text);

}  // namespace tenon

#define TENON_CHECK(condition, ...)                                                                     \
  do {                                                                                                  \
    if (!(condition)) ::tenon::fail_check(__FILE__, __LINE__, #condition, fmt::format("" __VA_ARGS__)); \
  } while (false)
