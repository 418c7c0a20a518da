// Weights of every stored type, with what each element stands for.
#pragma once
#include <tenon/base/checked.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/weight.hpp>

#include <bit>
#include <cstring>
#include <memory>
#include <random>

namespace tenon::testing {

inline std::vector<float> random_values(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

class TestMatrix {
 public:
  TestMatrix(DType type, int64_t rows, int64_t columns, uint32_t seed) {
    std::mt19937 generator(seed);
    uint64_t size = block_of(type).bytes;
    // One byte more than needed, and begun at an odd address: files do not align tensors.
    bytes_.resize(static_cast<size_t>(rows * columns) * size + 1);
    for (int64_t i = 0; i < rows * columns; ++i) store(type, bytes_.data() + 1 + i * size, generator);
    weight_.dtype = type, weight_.rows = rows, weight_.columns = columns;
    int64_t tiles = static_cast<int64_t>(round_up(rows, 128) / 128 * (round_up(columns, 128) / 128));
    for (int64_t i = 0; type == DType::kF8E4M3 && i < tiles; ++i)
      scales_.push_back(0.01f * static_cast<float>(i + 1));
    weight_.members.push_back({bytes_.data() + 1, scales_.empty() ? nullptr : scales_.data()});
  }

  const tenon_weight& weight() const { return weight_; }
  int64_t rows() const { return weight_.rows; }
  int64_t columns() const { return weight_.columns; }

  // Exact, but for the rounding of an f8 element times its scale to float.
  double at(int64_t n, int64_t m) const {
    const std::byte* from = bytes_.data() + 1 + (n * columns() + m) * block_of(weight_.dtype).bytes;
    uint16_t half = 0;
    float single = 0;
    switch (weight_.dtype) {
      case DType::kF32: return std::memcpy(&single, from, 4), single;
      case DType::kF16: return std::memcpy(&half, from, 2), float_of_f16(half);
      case DType::kBF16: return std::memcpy(&half, from, 2), float_of_bf16(half);
      default: break;
    }
    float scale = scales_[n / 128 * ((columns() + 127) / 128) + m / 128];
    return float_of_f8_e4m3(std::to_integer<uint8_t>(*from)) * scale;
  }

 private:
  static void store(DType type, std::byte* to, std::mt19937& generator) {
    std::normal_distribution<float> normal;
    uint32_t bits = std::bit_cast<uint32_t>(normal(generator));
    if (type == DType::kF32) std::memcpy(to, &bits, 4);
    uint16_t upper = static_cast<uint16_t>(bits >> 16);
    if (type == DType::kBF16) std::memcpy(to, &upper, 2);
    uint16_t half = static_cast<uint16_t>(generator() & 0xbfff);  // magnitudes below 2
    if (type == DType::kF16) std::memcpy(to, &half, 2);
    if (type == DType::kF8E4M3) *to = static_cast<std::byte>((bits >> 24 & 0x80) | (generator() % 0x7f));
  }

  std::vector<std::byte> bytes_;
  std::vector<float> scales_;
  tenon_weight weight_;
};

class TestGroup {
 public:
  TestGroup(DType type, uint32_t members, int64_t rows, int64_t columns) {
    for (uint32_t e = 0; e < members; ++e)
      members_.push_back(std::make_unique<TestMatrix>(type, rows, columns, 100 + e));
    weight_.dtype = type, weight_.rows = rows, weight_.columns = columns;
    for (const auto& member : members_) weight_.members.push_back(member->weight().members[0]);
  }

  const tenon_weight& weight() const { return weight_; }
  const tenon_weight& member(size_t e) const { return members_[e]->weight(); }

 private:
  std::vector<std::unique_ptr<TestMatrix>> members_;
  tenon_weight weight_;
};

}  // namespace tenon::testing
