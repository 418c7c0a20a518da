// The corpus of one fuzz target, input by input, in an ordinary build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tenon::testing {
namespace {

std::vector<std::filesystem::path> inputs() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TENON_CORPUS)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(Fuzz, EveryInputOfTheCorpusIsTakenOrRefused) {
  ASSERT_FALSE(inputs().empty()) << TENON_CORPUS;
  for (const std::filesystem::path& path : inputs()) {
    SCOPED_TRACE(path);
    std::ifstream file(path, std::ios::binary);
    std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(content.data()), content.size()), 0);
  }
}

TEST(Fuzz, InputsCutShortAreTakenOrRefused) {
  for (const std::filesystem::path& path : inputs()) {
    SCOPED_TRACE(path);
    std::ifstream file(path, std::ios::binary);
    std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    for (size_t part = 0; part < 16; ++part)
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(content.data()), content.size() * part / 16);
  }
}

}  // namespace
}  // namespace tenon::testing
