// Arithmetic on sizes that come from outside. Overflow is an answer, not a surprise.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace tenon {

inline std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) {
  uint64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

inline std::optional<uint64_t> checked_multiply(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

// Number of elements of a shape; nothing if a dimension is negative or the product does not fit.
inline std::optional<uint64_t> checked_elements(std::span<const int64_t> shape) {
  std::optional<uint64_t> elements = 1;
  for (int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    elements = checked_multiply(*elements, static_cast<uint64_t>(dimension));
    if (!elements) return std::nullopt;
  }
  return elements;
}

inline constexpr uint64_t round_up(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace tenon
