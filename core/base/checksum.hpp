// A checksum against accidents: disks, copies that were cut short, programs of another version. Not against
// anybody who means harm. At about the speed of memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace tenon {

// Whatever single word of the bytes changes, or their number, so does this.
uint64_t checksum_of(std::span<const std::byte> bytes);

// Of many parts in their order: `sum` is of those before, 0 for none, `part` of the next.
inline uint64_t joined_checksum(uint64_t sum, uint64_t part) {
  sum = (sum ^ part) * 0x9e3779b97f4a7c15;  // odd, so nothing is lost
  return sum << 29 | sum >> 35;
}

}  // namespace tenon
