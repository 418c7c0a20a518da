// Whole files: read with a limit, written so that a reader never sees half of one.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace tenon {

// Fails with TENON_IO if the file cannot be read, TENON_INVALID if it is larger than bytes_max.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t bytes_max);

// A file in the making: under a temporary name in the same directory until commit(), and gone if that is never
// called or fails.
class NewFile {
 public:
  static Result<NewFile> create(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Status write(std::string_view content);
  // Syncs, renames, syncs the directory.
  Status commit();

 private:
  NewFile(std::filesystem::path path, std::filesystem::path temporary, int fd);

  std::filesystem::path path_, temporary_;
  int fd_;
};

// The same for content that is there as a whole.
Status write_file(const std::filesystem::path& path, std::string_view content);

// "models/x.toml: No such file or directory"
Error io_error(const std::filesystem::path& path, int error_number);

}  // namespace tenon
