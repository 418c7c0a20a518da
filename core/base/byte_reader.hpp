// Little-endian numbers and text out of bytes that came from outside. Nothing is read past the end: what is not
// there is an answer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace tenon {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  uint64_t at() const { return at_; }
  uint64_t left() const { return bytes_.size() - at_; }

  // Each takes what it returns, or nothing where too little is left.
  template <class Number>
  std::optional<Number> number() {
    auto taken = bytes(sizeof(Number));
    if (!taken) return std::nullopt;
    Number number;
    std::memcpy(&number, taken->data(), sizeof number);
    return number;
  }
  std::optional<std::span<const std::byte>> bytes(uint64_t count) {
    if (count > left()) return std::nullopt;
    auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::optional<std::string_view> text(uint64_t length) {
    auto taken = bytes(length);
    if (!taken) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(taken->data()), taken->size());
  }

 private:
  std::span<const std::byte> bytes_;
  uint64_t at_ = 0;
};

}  // namespace tenon
