// Structs of core/abi as another minor of the same major would have them: shorter, or longer.
#pragma once
#include <tenon/base/check.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace tenon::testing {

// The first `bytes` of a struct, and not one byte more: behind them nobody can read or write.
template <class S>
class Shorter {
 public:
  explicit Shorter(S value, size_t bytes = sizeof(S)) {
    TENON_CHECK(bytes <= sizeof(S) && bytes <= page_, "{} bytes", bytes);
    value.size = static_cast<uint32_t>(bytes);
    void* pages = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TENON_CHECK(pages != MAP_FAILED, "no memory for two pages");
    pages_ = static_cast<std::byte*>(pages);
    TENON_CHECK(mprotect(pages_ + page_, page_, PROT_NONE) == 0, "a page cannot be made unreadable");
    known_ = pages_ + page_ - bytes;
    std::memcpy(known_, &value, bytes);
  }
  Shorter(const Shorter&) = delete;
  ~Shorter() { munmap(pages_, 2 * page_); }

  S* get() { return reinterpret_cast<S*>(known_); }

 private:
  size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::byte *pages_ = nullptr, *known_ = nullptr;
};

// Structs of a later minor, one behind the other: each has fields at its end of which we know nothing.
template <class S>
class Longer {
 public:
  static constexpr size_t kExtra = 24;
  static constexpr std::byte kUnknown{0x5c};

  explicit Longer(const std::vector<S>& values) : bytes_(values.size() * kStride, kUnknown) {
    for (size_t i = 0; i < values.size(); ++i) {
      S value = values[i];
      value.size = static_cast<uint32_t>(kStride);
      std::memcpy(bytes_.data() + i * kStride, &value, sizeof(S));
    }
  }
  explicit Longer(const S& value) : Longer(std::vector<S>{value}) {}

  S* get() { return reinterpret_cast<S*>(bytes_.data()); }
  S& operator[](size_t i) { return *reinterpret_cast<S*>(bytes_.data() + i * kStride); }
  // True as long as nobody has written to the fields that we do not know.
  bool is_rest_untouched() const {
    for (size_t at = 0; at < bytes_.size(); ++at)
      if (at % kStride >= sizeof(S) && bytes_[at] != kUnknown) return false;
    return true;
  }

 private:
  static constexpr size_t kStride = (sizeof(S) + kExtra + 7) / 8 * 8;
  std::vector<std::byte> bytes_;
};

}  // namespace tenon::testing
