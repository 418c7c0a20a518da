// Whole files: read with a limit, written so that a reader never sees half of one.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace tenon {

// Fails with TENON_IO if the file cannot be read, TENON_INVALID if it is larger than bytes_max.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t bytes_max);

// A file in the making: under a temporary name in the same directory until commit(), and gone if that is never
// called or fails.
class NewFile {
 public:
  static Result<NewFile> create(const std::filesystem::path& path);
  // The same under a name that a later process finds, ".NAME.part", with what an earlier one has left there. It
  // is left once more if the process is killed, or writing fails. Fails if another process has it open.
  static Result<NewFile> create_or_find(const std::filesystem::path& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Status write(std::string_view content);
  // Fills `to` from byte `offset` on; false if the file ends before that or cannot be read.
  bool read(uint64_t offset, std::span<std::byte> to) const;
  // Forgets all but the first `size` bytes; writing goes on after them.
  Status cut(uint64_t size);
  // Syncs, renames, syncs the directory.
  Status commit();

 private:
  NewFile(std::filesystem::path path, std::filesystem::path temporary, int fd);

  std::filesystem::path path_, temporary_;
  int fd_;
  bool is_kept_ = false;  // whether a failed write leaves it
  bool has_failed_ = false;
};

// The same for content that is there as a whole.
Status write_file(const std::filesystem::path& path, std::string_view content);

// "models/x.toml: No such file or directory"
Error io_error(const std::filesystem::path& path, int error_number);

}  // namespace tenon
