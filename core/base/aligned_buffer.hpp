// Zeroed memory for the data plane, aligned to a cache line. Pages are touched on first use, so a large pool
// costs nothing until it is filled.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstddef>
#include <cstdint>

namespace tenon {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // Fails with TENON_OUT_OF_MEMORY, naming `purpose` and the bytes.
  static Result<AlignedBuffer> allocate(uint64_t bytes, const std::string& purpose);
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~AlignedBuffer();

  std::byte* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }

 private:
  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  std::byte* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace tenon
