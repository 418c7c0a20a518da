// Where tests find recorded cases: the project's own, and larger sets that are not part of it.
#pragma once
#include <tenon/base/json.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

namespace tenon {

// A path below the folder that TENON_TEST_DATA names; nothing where it is unset.
inline std::optional<std::filesystem::path> find_outside_data(const std::string& path) {
  const char* folder = std::getenv("TENON_TEST_DATA");
  if (folder == nullptr) return std::nullopt;
  return std::filesystem::path(folder) / path;
}

inline std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace tenon

#define TENON_OUTSIDE_DATA(path, relative)          \
  auto path = ::tenon::find_outside_data(relative); \
  if (!path) GTEST_SKIP() << "TENON_TEST_DATA is not set, expected the folder that holds " << relative
