#include <tenon/base/aligned_buffer.hpp>
#include <tenon/base/text.hpp>

#include <sys/mman.h>

namespace tenon {

Result<AlignedBuffer> AlignedBuffer::allocate(uint64_t bytes, const std::string& purpose) {
  AlignedBuffer buffer;
  if (bytes == 0) return buffer;
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED)
    return Error{TENON_OUT_OF_MEMORY, purpose + ": " + format_bytes(bytes) + " are not to be had"};
  buffer.data_ = static_cast<std::byte*>(data);
  buffer.bytes_ = bytes;
  return buffer;
}

AlignedBuffer::~AlignedBuffer() {
  if (data_) munmap(data_, bytes_);
}

}  // namespace tenon
