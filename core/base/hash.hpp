// A 64-bit hash of bytes that come in pieces, however they are cut: to notice damage, not for security.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tenon {

class Hash64 {
 public:
  void add(std::span<const std::byte> bytes) {
    bytes_ += bytes.size();
    while (!bytes.empty()) {
      size_t take = std::min(bytes.size(), sizeof word_ - filled_);
      std::memcpy(reinterpret_cast<std::byte*>(&word_) + filled_, bytes.data(), take);
      filled_ += take, bytes = bytes.subspan(take);
      if (filled_ == sizeof word_) mix();
    }
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

  uint64_t value() const {
    Hash64 last = *this;
    last.mix();
    last.word_ = bytes_;
    last.mix();
    return last.state_ ^ last.state_ >> 32;
  }

 private:
  void mix() {
    state_ = std::rotl(state_ ^ word_ * 0x9e3779b97f4a7c15, 29) * 0xbf58476d1ce4e5b9;
    word_ = 0, filled_ = 0;
  }

  uint64_t state_ = 0x94d049bb133111eb, word_ = 0, bytes_ = 0;
  size_t filled_ = 0;
};

}  // namespace tenon
