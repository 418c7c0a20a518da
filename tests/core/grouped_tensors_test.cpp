#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/grouped_tensors.hpp>
#include <tenon/weights/safetensors.hpp>
#include <tenon/weights/weight_blocks.hpp>

#include <numeric>

namespace tenon::testing {
namespace {

// A matrix [8, 64] in groups of 32: element (n, m) is scale(n, group) * ((n + m) % 16 - zero).
constexpr int64_t kRows = 8, kColumns = 64, kGroup = 32, kGroups = 2;
float scale_of(int64_t n, int64_t g) { return 0.5f + static_cast<float>(n + 8 * g) / 16; }
uint32_t code_of(int64_t n, int64_t m) { return static_cast<uint32_t>((n + m) % 16); }

class Files {
 public:
  template <class Number>
  void add(const std::string& name, DType type, std::vector<int64_t> shape, std::vector<Number> values) {
    auto* from = reinterpret_cast<const char*>(values.data());
    bytes_.emplace_back(from, from + values.size() * sizeof(Number));
    tensors_.push_back({name, type, std::move(shape), nullptr});
  }

  void add_pack_quantized() {
    std::vector<uint32_t> codes(kRows * kColumns / 8);
    std::vector<float> scales(kRows * kGroups);
    for (int64_t n = 0; n < kRows; ++n) {
      for (int64_t m = 0; m < kColumns; ++m) codes[n * 8 + m / 8] |= code_of(n, m) << (m % 8 * 4);
      for (int64_t g = 0; g < kGroups; ++g) scales[n * kGroups + g] = scale_of(n, g);
    }
    add("w.weight_packed", DType::kI32, {kRows, kColumns / 8}, codes);
    add("w.weight_scale", DType::kF32, {kRows, kGroups}, scales);
    add("w.weight_shape", DType::kI64, {2}, std::vector<int64_t>{kRows, kColumns});
  }

  // `zero` as it is stored.
  void add_gptq(uint32_t zero, std::vector<int32_t> order) {
    std::vector<uint32_t> codes(kRows * kColumns / 8);
    std::vector<float> scales(kRows * kGroups);
    for (int64_t n = 0; n < kRows; ++n) {
      for (int64_t m = 0; m < kColumns; ++m) codes[m / 8 * kRows + n] |= code_of(n, m) << (m % 8 * 4);
      for (int64_t g = 0; g < kGroups; ++g) scales[g * kRows + n] = scale_of(n, g);
    }
    add("w.qweight", DType::kI32, {kColumns / 8, kRows}, codes);
    add("w.scales", DType::kF32, {kGroups, kRows}, scales);
    add("w.qzeros", DType::kI32, {kGroups, 1}, std::vector<uint32_t>(kGroups, zero * 0x11111111u));
    add("w.g_idx", DType::kI32, {kColumns}, std::move(order));
  }

  Result<std::optional<GroupedTensors>> find(GptqVersion version = GptqVersion::kLessOne) {
    for (size_t i = 0; i < tensors_.size(); ++i) tensors_[i].data = bytes_[i].data();
    EXPECT_TRUE(write_safetensors(dir_ / "m.safetensors", tensors_).ok());
    checkpoint_ = std::move(Checkpoint::open(dir_ / "m.safetensors")).value();
    return find_grouped_tensors(*checkpoint_, "w.weight", kRows, kColumns, version);
  }

  TensorToWrite& tensor(size_t index) { return tensors_[index]; }

 private:
  TempDir dir_;
  std::vector<std::vector<char>> bytes_;
  std::vector<TensorToWrite> tensors_;
  std::optional<Checkpoint> checkpoint_;
};

void expect_values(const GroupedTensors& found, float zero) {
  tenon_weight weight;
  weight.dtype = found.dtype, weight.groups = found.layout, weight.rows = kRows, weight.columns = kColumns;
  weight.members.push_back(found.member);
  std::vector<float> values(kRows * kColumns);
  dequantise_rows(weight, 0, 0, kRows, values.data());
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    int64_t n = i / kColumns, m = i % kColumns;
    ASSERT_EQ(values[i], scale_of(n, m / kGroup) * (static_cast<float>(code_of(n, m)) - zero))
        << n << ", " << m;
  }
}

std::vector<int32_t> natural_order() {
  std::vector<int32_t> order(kColumns);
  for (int64_t i = 0; i < kColumns; ++i) order[i] = static_cast<int32_t>(i / kGroup);
  return order;
}

TEST(GroupedTensors, AreFoundInTheLayoutOfCompressedTensors) {
  Files files;
  files.add_pack_quantized();
  auto found = files.find();
  ASSERT_TRUE(found.ok() && found.value()) << refusal_of(found);
  EXPECT_EQ(found.value()->dtype, DType::kInt4_32);
  EXPECT_EQ(found.value()->names.size(), 3u);
  EXPECT_EQ(found.value()->bytes, 256u + 64 + 16);
  expect_values(*found.value(), 8);
}

TEST(GroupedTensors, ZeroPointsOfCompressedTensorsLieAlongRows) {
  Files files;
  files.add_pack_quantized();
  files.add("w.weight_zero_point", DType::kI32, {1, kGroups}, std::vector<uint32_t>(kGroups, 0x55555555u));
  auto found = files.find();
  ASSERT_TRUE(found.ok() && found.value()) << refusal_of(found);
  EXPECT_EQ(found.value()->dtype, DType::kUint4_32);
  expect_values(*found.value(), 5);
}

TEST(GroupedTensors, GptqWithZeroPointsInTheMiddleHasNone) {
  for (auto [version, zero] : {std::pair(GptqVersion::kLessOne, 7u), {GptqVersion::kAsTheyAre, 8u}}) {
    Files files;
    files.add_gptq(zero, natural_order());
    auto found = files.find(version);
    ASSERT_TRUE(found.ok() && found.value()) << refusal_of(found);
    EXPECT_EQ(found.value()->dtype, DType::kInt4_32);
    expect_values(*found.value(), 8);
  }
}

TEST(GroupedTensors, GptqStoresOtherZeroPointsLessOneOrAsTheyAre) {
  for (auto [version, zero] : {std::pair(GptqVersion::kLessOne, 6.0f), {GptqVersion::kAsTheyAre, 5.0f}}) {
    Files files;
    files.add_gptq(5, natural_order());
    auto found = files.find(version);
    ASSERT_TRUE(found.ok() && found.value()) << refusal_of(found);
    EXPECT_EQ(found.value()->dtype, DType::kUint4_32);
    expect_values(*found.value(), zero);
  }
}

TEST(GroupedTensors, AreNotThereWhereOtherTensorsAre) {
  Files files;
  files.add("w.weight", DType::kF32, {1}, std::vector<float>{1});
  auto found = files.find();
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found.value());
}

TEST(GroupedTensors, InputsInAnotherOrderAreRefused) {
  Files files;
  std::vector<int32_t> order = natural_order();
  std::swap(order[3], order[40]);
  files.add_gptq(7, order);
  EXPECT_EQ(refusal_of(files.find()),
            "w.g_idx puts input 3 in group 1, expected 0; inputs in another order (act-order, desc_act) are "
            "not read");
}

TEST(GroupedTensors, WhatDoesNotFitIsRefused) {
  struct Case {
    size_t tensor;
    DType type;
    std::vector<int64_t> shape;
    std::string refusal;
  };
  const Case cases[] = {
      {0, DType::kI32, {4, 16}, "w.weight_packed is i32 [4, 16], expected i32 of 4 or 8 bits"},
      {0, DType::kF32, {8, 8}, "w.weight_packed is f32 [8, 8], expected i32 of rank 2"},
      {1, DType::kF32, {16}, "w.weight_scale is f32 [16], expected f32, f16 or bf16 [8, 1] or more groups"},
      {1, DType::kF32, {4, 4}, "w.weight_scale is f32 [4, 4], expected f32, f16 or bf16 [8, 1] or more groups"},
      {1,
       DType::kBF16,
       {8, 4},
       "w.weight_scale is bf16 [8, 4], expected groups of a multiple of 32 inputs, not 16"},
      {2, DType::kI32, {4}, "w.weight_shape is of another kind, expected i64 with the numbers [8, 64]"},
  };
  for (const Case& c : cases) {
    Files files;
    files.add_pack_quantized();
    files.tensor(c.tensor).dtype = c.type, files.tensor(c.tensor).shape = c.shape;
    std::string refusal = refusal_of(files.find());
    EXPECT_TRUE(c.tensor == 0 ? refusal.starts_with(c.refusal.substr(0, 30)) : refusal == c.refusal) << refusal;
  }
  Files files;
  files.add("w.weight_packed", DType::kI32, {kRows, kColumns / 8}, std::vector<int32_t>(kRows * kColumns / 8));
  EXPECT_EQ(refusal_of(files.find()), "w.weight_scale is missing, expected scales of codes");
}

}  // namespace
}  // namespace tenon::testing
