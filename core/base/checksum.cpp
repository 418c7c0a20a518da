#include <tenon/base/checksum.hpp>

#include <cstring>

namespace tenon {
namespace {

constexpr int kLanes = 8;  // independent of each other, so that multiplications overlap

uint64_t word_at(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

}  // namespace

uint64_t checksum_of(std::span<const std::byte> bytes) {
  constexpr size_t kStep = kLanes * sizeof(uint64_t);
  uint64_t lanes[kLanes] = {};
  size_t at = 0;
  for (; at + kStep <= bytes.size(); at += kStep)
    for (int lane = 0; lane < kLanes; ++lane)
      lanes[lane] = joined_checksum(lanes[lane], word_at(bytes.data() + at + sizeof(uint64_t) * lane));
  uint64_t sum = bytes.size();
  for (uint64_t lane : lanes) sum = joined_checksum(sum, lane);
  for (; at < bytes.size(); ++at) sum = joined_checksum(sum, std::to_integer<uint64_t>(bytes[at]));
  return sum;
}

}  // namespace tenon
