#include <tests/testing/temp_dir.hpp>
#include <tests/text/test_data.hpp>

#include <tenon/base/json.hpp>
#include <tenon/weights/block_formats.hpp>
#include <tenon/weights/convert.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

namespace tenon::testing {
namespace {

constexpr DType kBlockTypes[] = {DType::kQ4_0,   DType::kQ4_1,   DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
                                 DType::kQ2_K,   DType::kQ3_K,   DType::kQ4_K, DType::kQ5_K, DType::kQ6_K,
                                 DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};
constexpr DType kWritten[] = {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K};

std::vector<std::byte> bytes_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  auto* from = reinterpret_cast<const std::byte*>(text.data());
  return {from, from + text.size()};
}

TEST(BlockFormats, RecordedRowsOfEveryTypeComeOutToTheBit) {
  TENON_OUTSIDE_DATA(folder, "gguf/rows");
  for (DType type : kBlockTypes) {
    std::string name = name_of(type);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return std::toupper(c); });
    std::vector<std::byte> blocks = bytes_of_file(*folder / (name + ".bin"));
    std::vector<std::byte> expected = bytes_of_file(*folder / (name + ".f32"));
    ASSERT_EQ(blocks.size(), bytes_of(type, 8 * 512)) << name;
    std::vector<float> values(8 * 512);
    dequantise(type, blocks.data(), values.size(), values.data());
    ASSERT_EQ(expected.size(), values.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(expected.data(), values.data(), expected.size()), 0) << name;
  }
}

// A block in which one element, its scale and its minimum are known, made by hand from the published layout.
struct Case {
  DType type;
  std::vector<std::pair<int, int>> bytes;  // position, value; the others are 0
  int element;
  float value;
};

TEST(BlockFormats, EachTypeReadsWhatItsLayoutSays) {
  // Half precision: 0x3c00 is 1, 0x4000 is 2, low byte first.
  const Case cases[] = {
      {DType::kQ4_0, {{1, 0x40}, {2, 0x3f}}, 16, 2 * (3 - 8)},
      {DType::kQ4_1, {{1, 0x40}, {3, 0x3c}, {4, 0x3f}}, 0, 2 * 15 + 1},
      {DType::kQ5_0, {{1, 0x40}, {4, 0x01}, {6, 0x30}}, 16, 2 * (16 + 3 - 16)},
      {DType::kQ5_1, {{1, 0x40}, {3, 0x3c}, {7, 0x80}, {23, 0x50}}, 31, 2 * (16 + 5) + 1},
      {DType::kQ8_0, {{1, 0x40}, {33, 0xff}}, 31, -2},
      {DType::kQ2_K, {{1, 0x35}, {32, 0x02}, {81, 0x40}, {83, 0x3c}}, 16, 2 * 5 * 2 - 3},
      {DType::kQ3_K,
       {{16, 0x10}, {80, 0x03}, {97, 0x50}, {105, 0x30}, {109, 0x40}},
       144,
       2 * (5 + 48 - 32) * (3 + 4 - 4)},
      {DType::kQ4_K, {{1, 0x40}, {3, 0x3c}, {4 + 1, 0x05}, {4 + 5, 0x07}, {16, 0xb0}}, 32, 2 * 5 * 11 - 7},
      {DType::kQ5_K,
       {{1, 0x40}, {3, 0x3c}, {4, 0x05}, {8, 0x07}, {16, 0x01}, {48, 0x0b}},
       0,
       2 * 5 * (16 + 11) - 7},
      {DType::kQ6_K, {{0, 0x03}, {128, 0x02}, {192, 0xfd}, {209, 0x40}}, 0, 2 * -3 * (3 + 32 - 32)},
      {DType::kIQ4_NL, {{1, 0x40}, {2, 0xf0}}, 16, 2 * 113},
      {DType::kIQ4_XS, {{1, 0x40}, {2, 0x02}, {4, 0x01}, {8, 0x00}}, 0, 2 * (1 + 32 - 32) * -127},
      {DType::kMXFP4, {{0, 129}, {1, 0xf0}}, 16, -12 * 2},
  };
  for (const Case& c : cases) {
    std::vector<std::byte> block(block_of(c.type).bytes);
    for (auto [position, value] : c.bytes) block[position] = static_cast<std::byte>(value);
    std::vector<float> values(block_of(c.type).elements);
    dequantise(c.type, block.data(), values.size(), values.data());
    EXPECT_EQ(values[c.element], c.value) << name_of(c.type);
  }
}

TEST(BlockFormats, AnyBytesAreRead) {
  std::mt19937 generator(1);
  for (DType type : kBlockTypes)
    for (int round = 0; round < 200; ++round) {
      std::vector<std::byte> block(block_of(type).bytes);
      for (std::byte& byte : block) byte = static_cast<std::byte>(generator());
      std::vector<float> values(block_of(type).elements + 1, 77.0f);
      dequantise(type, block.data(), block_of(type).elements, values.data());
      EXPECT_EQ(values.back(), 77.0f) << name_of(type);
    }
}

std::vector<float> normal_values(size_t count, float deviation) {
  std::mt19937 generator(2);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

std::vector<float> there_and_back(DType type, const std::vector<float>& values) {
  std::vector<std::byte> blocks(bytes_of(type, values.size()));
  quantise(type, values.data(), values.size(), blocks.data());
  std::vector<float> back(values.size());
  dequantise(type, blocks.data(), values.size(), back.data());
  return back;
}

double relative_rms(const std::vector<float>& values, const std::vector<float>& others) {
  double error = 0, power = 0;
  for (size_t i = 0; i < values.size(); ++i)
    error += std::pow(double(values[i]) - others[i], 2), power += std::pow(double(values[i]), 2);
  return std::sqrt(error / power);
}

TEST(BlockFormats, QuantisedNormalValuesAreNear) {
  std::vector<float> values = normal_values(256 * 64, 0.02f);
  for (auto [type, bound] :
       {std::pair{DType::kQ8_0, 0.006}, {DType::kQ4_0, 0.087}, {DType::kQ4_K, 0.077}, {DType::kQ6_K, 0.020}})
    EXPECT_LT(relative_rms(values, there_and_back(type, values)), bound) << name_of(type);
}

TEST(BlockFormats, ZerosStayZerosAndOneSidedValuesKeepTheirSide) {
  for (DType type : kWritten) {
    std::vector<float> zeros(512), ones(512, 3.0f);
    EXPECT_EQ(there_and_back(type, zeros), zeros) << name_of(type);
    for (float sign : {1.0f, -1.0f}) {
      std::fill(ones.begin(), ones.end(), sign * 3.0f);
      for (float value : there_and_back(type, ones)) EXPECT_NEAR(value, sign * 3.0f, 0.06f) << name_of(type);
    }
  }
}

TEST(BlockFormats, WhatWasQuantisedOnceQuantisesToNearlyItself) {
  std::vector<float> values = normal_values(256 * 8, 1.0f);
  for (DType type : kWritten) {
    std::vector<float> once = there_and_back(type, values);
    EXPECT_LT(relative_rms(once, there_and_back(type, once)), type == DType::kQ8_0 ? 1e-3 : 0.04)
        << name_of(type);
  }
}

TEST(BlockFormats, TinyAndLargeValuesStayFinite) {
  for (DType type : kWritten)
    for (float size : {1e-40f, 1e-20f, 1e-7f, 60000.0f})
      for (float value : there_and_back(type, normal_values(256, size / 5)))
        EXPECT_TRUE(std::isfinite(value)) << name_of(type) << " " << size;
}

TEST(BlockFormats, F8CodesComeBackAndRoundToNearestEven) {
  for (uint32_t bits = 0; bits < 256; ++bits) {
    float value = float_of_f8_e4m3(static_cast<uint8_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(f8_e4m3_of_float(value), bits);
  }
  for (uint8_t code = 0; code < 0x7e; ++code) {
    float low = float_of_f8_e4m3(code), high = float_of_f8_e4m3(code + 1), middle = (low + high) / 2;
    EXPECT_EQ(f8_e4m3_of_float(middle), code % 2 ? code + 1 : code) << middle;
    EXPECT_EQ(f8_e4m3_of_float(std::nextafter(middle, 1000.0f)), code + 1) << middle;
    EXPECT_EQ(f8_e4m3_of_float(-std::nextafter(middle, 0.0f)), code | 0x80) << middle;
  }
  EXPECT_EQ(f8_e4m3_of_float(1e9f), 0x7e);
  EXPECT_EQ(f8_e4m3_of_float(-INFINITY), 0xfe);
  EXPECT_TRUE(std::isnan(float_of_f8_e4m3(f8_e4m3_of_float(NAN))));
}

TEST(BlockFormats, GroupsAndTilesOfZerosAndOfTinyValuesStayFinite) {
  for (float size : {0.0f, 1e-45f, 1e-30f, 60000.0f}) {
    std::vector<float> values = normal_values(256, size / 5), scales(2);
    std::vector<std::byte> codes(256), halves(16);
    quantise_f8_tiles(values.data(), 1, 256, codes.data(), scales.data());
    for (size_t i = 0; i < 256; ++i)
      EXPECT_TRUE(std::isfinite(float_of_f8_e4m3(std::to_integer<uint8_t>(codes[i])) * scales[i / 128]))
          << size;
    for (DType type : {DType::kInt4, DType::kInt4_32, DType::kInt8, DType::kInt8_32}) {
      quantise_groups(type, values.data(), 256, codes.data(), halves.data());
      for (size_t i = 0; i < 256 / block_of(type).elements; ++i) {
        uint16_t scale;
        std::memcpy(&scale, halves.data() + 2 * i, sizeof scale);
        EXPECT_TRUE(std::isfinite(float_of_bf16(scale))) << name_of(type) << " " << size;
      }
    }
  }
}

TEST(BlockFormats, HalvesComeBackAndRoundToNearestEven) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = float_of_f16(static_cast<uint16_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(f16_of_float(value), bits);
  }
  EXPECT_EQ(f16_of_float(1.0f + 0x1p-11f), 0x3c00);      // a tie, to even
  EXPECT_EQ(f16_of_float(1.0f + 3 * 0x1p-11f), 0x3c02);  // a tie, to even
  EXPECT_EQ(f16_of_float(std::nextafter(1.0f + 0x1p-11f, 2.0f)), 0x3c01);
  EXPECT_EQ(f16_of_float(65519.0f), 0x7bff);
  EXPECT_EQ(f16_of_float(65520.0f), 0x7c00);
  EXPECT_EQ(f16_of_float(-0x1p-25f), 0x8000);
  EXPECT_EQ(f16_of_float(std::nextafter(0x1p-25f, 1.0f)), 0x0001);
  EXPECT_TRUE(std::isnan(float_of_f16(f16_of_float(NAN))));
}

}  // namespace
}  // namespace tenon::testing
