// A file mapped read-only. Ranges are checked once, against the size at the time of opening; a file that is cut
// short later ends the process with a sentence and exit code 74 rather than a bare SIGBUS.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace tenon {

class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  int64_t changed_ns() const { return changed_ns_; }  // when it was last written, as its file system says
  // Reads a part into memory, without the mapping. Any thread. Fails with TENON_IO, also if the file was cut
  // short since it was opened.
  Status read(uint64_t offset, std::span<std::byte> to) const;

 private:
  explicit MappedFile(std::filesystem::path path) : path_(std::move(path)) {}
  Status map();

  std::filesystem::path path_;
  int fd_ = -1;
  const std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  int64_t changed_ns_ = 0;
};

// Asks the kernel to read this part of a mapped file ahead of its use.
void read_ahead(std::span<const std::byte> mapped);

// Takes the whole pages of this part of a MappedFile out of the process's memory; they are read again if they
// are used again. They stay with the kernel as long as it likes, and with others who map the file. Memory of
// any other kind is left alone.
void give_back(std::span<const std::byte> mapped);

}  // namespace tenon
