#include <tests/fuzz/input_file.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>

namespace tenon::testing {
namespace {

void require(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

}  // namespace

InputFile::InputFile(const std::string& name) : fd_(memfd_create(name.c_str(), MFD_CLOEXEC)) {
  require(fd_ >= 0, "memfd_create");
  std::string pattern = (std::filesystem::temp_directory_path() / "tenon-fuzz-XXXXXX").string();
  require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  directory_ = pattern, path_ = directory_ / name;
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(fd_), path_);
}

InputFile::~InputFile() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
  close(fd_);
}

const std::filesystem::path& InputFile::fill(std::span<const uint8_t> content) {
  require(ftruncate(fd_, 0) == 0, "ftruncate");
  ssize_t written = pwrite(fd_, content.data(), content.size(), 0);
  require(written == static_cast<ssize_t>(content.size()), "pwrite");
  return path_;
}

uint64_t sum_of(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0},
                         [](uint64_t sum, std::byte byte) { return sum + static_cast<uint64_t>(byte); });
}

}  // namespace tenon::testing
