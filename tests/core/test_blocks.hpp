// Weights of the GGUF types with ordinary values, one or a group, as they stand or packed.
#pragma once
#include "test_matrix.hpp"

#include <tenon/ops/packing.hpp>
#include <tenon/weights/block_formats.hpp>

namespace tenon::testing {

inline constexpr DType kBlockTypes[] = {
    DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1,   DType::kQ8_0,   DType::kQ2_K, DType::kQ3_K,
    DType::kQ4_K, DType::kQ5_K, DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

enum class Kept { kAsItStands, kPacked };

class TestBlocks {
 public:
  // Member e is the same for each group that has it; `first` is the number of the first.
  TestBlocks(DType type, uint32_t members, int64_t rows, int64_t columns, Kept kept, uint32_t first = 0) {
    uint64_t member_bytes = bytes_of(type, static_cast<uint64_t>(rows * columns));
    // One byte more than needed, and begun at an odd address: files do not align tensors.
    bytes_.resize(members * member_bytes + 1);
    weight_.dtype = type, weight_.rows = rows, weight_.columns = columns;
    for (uint32_t e = 0; e < members; ++e) {
      std::byte* member = bytes_.data() + 1 + e * member_bytes;
      fill(type, member, member_bytes, 100 + first + e);
      weight_.members.push_back({member, nullptr});
    }
    ThreadPool threads(1);
    if (kept == Kept::kPacked && !pack(weight_, threads).ok()) std::abort();
  }

  const tenon_weight& weight() const { return weight_; }
  int64_t rows() const { return weight_.rows; }
  int64_t columns() const { return weight_.columns; }

  // Of the first member.
  float at(int64_t n, int64_t m) const {
    if (values_.empty()) {
      values_.resize(static_cast<size_t>(rows() * columns()));
      dequantise(weight_.dtype, bytes_.data() + 1, values_.size(), values_.data());
    }
    return values_[static_cast<size_t>(n * columns() + m)];
  }

 private:
  // Random codes and scales; the halves are moderate.
  static void fill(DType type, std::byte* to, uint64_t bytes, uint32_t seed) {
    std::mt19937 generator(seed);
    for (uint64_t i = 0; i < bytes; ++i) to[i] = static_cast<std::byte>(generator());
    BlockSize size = block_of(type);
    for (uint64_t block = 0; block < bytes; block += size.bytes)
      for (int at : halves_of(type)) {
        if (type == DType::kMXFP4) {
          to[block] = static_cast<std::byte>(120 + generator() % 8);
          continue;
        }
        // From about 0.016 to 0.5, some of them negative.
        uint16_t half = static_cast<uint16_t>(0x2400 + generator() % 0x1400) | (generator() % 4 ? 0 : 0x8000);
        std::memcpy(to + block + at, &half, sizeof half);
      }
  }

  static std::vector<int> halves_of(DType type) {
    switch (type) {
      case DType::kQ4_1:
      case DType::kQ5_1:
      case DType::kQ4_K:
      case DType::kQ5_K: return {0, 2};
      case DType::kQ2_K: return {80, 82};
      case DType::kQ3_K: return {108};
      case DType::kQ6_K: return {208};
      default: return {0};
    }
  }

  std::vector<std::byte> bytes_;
  mutable std::vector<float> values_;
  tenon_weight weight_;
};

}  // namespace tenon::testing
