// Weights in blocks with ordinary values, one or a group, as they stand or packed.
#pragma once
#include "test_matrix.hpp"

#include <deque>

#include <tenon/ops/packing.hpp>
#include <tenon/weights/weight_blocks.hpp>

namespace tenon::testing {

inline constexpr DType kBlockTypes[] = {
    DType::kQ4_0,  DType::kQ4_1, DType::kQ5_0,    DType::kQ5_1, DType::kQ8_0,    DType::kQ2_K,
    DType::kQ3_K,  DType::kQ4_K, DType::kQ5_K,    DType::kQ6_K, DType::kIQ4_NL,  DType::kIQ4_XS,
    DType::kMXFP4, DType::kInt4, DType::kInt4_32, DType::kInt8, DType::kInt8_32, DType::kUint4_32};

enum class Kept { kAsItStands, kPacked };

class TestBlocks {
 public:
  // Member e is the same for each group that has it; `first` is the number of the first.
  TestBlocks(DType type, uint32_t members, int64_t rows, int64_t columns, Kept kept, uint32_t first = 0) {
    uint64_t member_bytes = bytes_of(type, static_cast<uint64_t>(rows * columns));
    // One byte more than needed, and begun at an odd address: files do not align tensors.
    bytes_.resize(members * member_bytes + 1);
    weight_.dtype = type, weight_.rows = rows, weight_.columns = columns;
    weight_.groups.group = block_of(type).elements;
    for (uint32_t e = 0; e < members; ++e) {
      std::byte* member = bytes_.data() + 1 + e * member_bytes;
      fill(type, member, member_bytes, 100 + first + e);
      weight_.members.push_back({member, nullptr});
      if (has_scale_tensors(type)) add_scales(weight_.members.back(), 200 + first + e);
    }
    ThreadPool threads(1);
    if (kept == Kept::kPacked && !pack(weight_, threads).ok()) std::abort();
  }

  const tenon_weight& weight() const { return weight_; }
  tenon_weight& weight() { return weight_; }
  int64_t rows() const { return weight_.rows; }
  int64_t columns() const { return weight_.columns; }

  // Of the first member.
  float at(int64_t n, int64_t m) const {
    if (values_.empty()) {
      values_.resize(static_cast<size_t>(rows() * columns()));
      dequantise_rows(weight_, 0, 0, rows(), values_.data());
    }
    return values_[static_cast<size_t>(n * columns() + m)];
  }

 private:
  // Random codes and scales; the halves are moderate.
  static void fill(DType type, std::byte* to, uint64_t bytes, uint32_t seed) {
    std::mt19937 generator(seed);
    for (uint64_t i = 0; i < bytes; ++i) to[i] = static_cast<std::byte>(generator());
    if (has_scale_tensors(type)) return;
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

  // From 2^-5 to 2^-1, some of them negative, and so short that their products with zero points are halves too.
  void add_scales(WeightMember& member, uint32_t seed) {
    std::mt19937 generator(seed);
    auto fill = [&](uint64_t bytes) {
      std::vector<std::byte>& buffer = buffers_.emplace_back(bytes + 1);
      for (std::byte& byte : buffer) byte = static_cast<std::byte>(generator());
      return buffer.data() + 1;
    };
    int64_t scales = rows() * (columns() / weight_.groups.group);
    std::byte* to = fill(static_cast<uint64_t>(2 * scales));
    for (int64_t i = 0; i < scales; ++i) {
      uint16_t bf16 = static_cast<uint16_t>(0x3d00 + (generator() & 0x1f0)) | (generator() % 4 ? 0 : 0x8000);
      std::memcpy(to + 2 * i, &bf16, sizeof bf16);
    }
    member.group_scales = to;
    if (weight_.dtype == DType::kUint4_32) member.zeros = fill(static_cast<uint64_t>(scales + 8 * columns()));
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
  std::deque<std::vector<std::byte>> buffers_;  // of scales and zero points
  mutable std::vector<float> values_;
  tenon_weight weight_;
};

}  // namespace tenon::testing
