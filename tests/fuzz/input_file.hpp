// The bytes of one fuzz input as a file that programs can open: in memory, under a name of choice. One at a
// time; the next input takes the place of the last.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace tenon::testing {

class InputFile {
 public:
  // name: "input.gguf", for readers that go by the ending.
  explicit InputFile(const std::string& name);
  ~InputFile();
  InputFile(const InputFile&) = delete;

  // Aborts if the system has no memory for the file.
  const std::filesystem::path& fill(std::span<const uint8_t> content);

 private:
  int fd_;
  std::filesystem::path directory_, path_;
};

// Reads every byte, so that a range that is not inside its file shows.
uint64_t sum_of(std::span<const std::byte> bytes);

}  // namespace tenon::testing
