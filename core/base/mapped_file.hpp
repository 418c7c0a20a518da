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
  // Asks the kernel to read this part of the file ahead of its use.
  void will_need(uint64_t offset, uint64_t length) const;

 private:
  MappedFile(std::filesystem::path path, const std::byte* data, uint64_t size);

  std::filesystem::path path_;
  const std::byte* data_;
  uint64_t size_;
};

// Gives back the memory of whole pages in a part of a mapped file; what is there can still be read, from the
// file.
void release_pages(std::span<const std::byte> bytes);

}  // namespace tenon
