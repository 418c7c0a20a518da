#include "ops_inputs.hpp"
#include "test_matrix.hpp"

#include <tenon/ops/narrowing.hpp>
#include <tenon/ops/ops.hpp>

#include <cstring>

namespace tenon::testing {
namespace {

constexpr int64_t kOut = 37, kIn = 200;

// Members of float32; all elements are bfloat16, but `odd` of the last member where it is not negative.
struct Floats {
  explicit Floats(int64_t members = 2, int64_t odd = -1) : values(random_values(members * kOut * kIn, 5)) {
    for (float& value : values) {
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      bits &= 0xffff0000;
      std::memcpy(&value, &bits, sizeof bits);
    }
    if (odd >= 0) values[(members - 1) * kOut * kIn + odd] = 1.0f + 0x1p-20f;
    weight.rows = kOut, weight.columns = kIn;
    for (int64_t e = 0; e < members; ++e)
      weight.members.push_back({reinterpret_cast<const std::byte*>(values.data() + e * kOut * kIn), nullptr});
  }

  std::vector<float> values;
  tenon_weight weight;
};

TEST(Narrowing, ChangesNoBitOfAnyOperation) {
  ThreadPool threads(3);
  Floats wide(1), narrowed(1), wide_group, narrowed_group;
  ASSERT_EQ(narrow_bytes_of(narrowed_group.weight), 2u * kOut * kIn * 2);
  for (Floats* floats : {&narrowed, &narrowed_group}) {
    ASSERT_TRUE(narrow(floats->weight, threads).ok());
    EXPECT_EQ(floats->weight.dtype, DType::kBF16);
  }
  EXPECT_EQ(narrowed_group.weight.narrowed.bytes(), 2u * kOut * kIn * 2);
  std::vector<float> x = random_values(9 * kIn, 6), bias = random_values(kOut, 7);
  const std::vector<int32_t> row_start = {0, 4, 9}, tokens = {36, 0, 5};
  for (Isa isa : isas()) {
    DenseOps ops(isa, threads);
    std::vector<float> y(9 * kOut), same(9 * kOut), row(3 * kIn), same_row(3 * kIn);
    ASSERT_TRUE(ops.linear(wide.weight, bias.data(), matrix(x, kIn), matrix(y, kOut)).ok());
    ASSERT_TRUE(ops.linear(narrowed.weight, bias.data(), matrix(x, kIn), matrix(same, kOut)).ok());
    EXPECT_EQ(y, same) << name_of(isa);
    ASSERT_TRUE(ops.grouped_linear(wide_group.weight, row_start.data(), matrix(x, kIn), matrix(y, kOut)).ok());
    ASSERT_TRUE(
        ops.grouped_linear(narrowed_group.weight, row_start.data(), matrix(x, kIn), matrix(same, kOut)).ok());
    EXPECT_EQ(y, same) << name_of(isa);
    ASSERT_TRUE(ops.embed(wide.weight, tokens.data(), matrix(row, kIn)).ok());
    ASSERT_TRUE(ops.embed(narrowed.weight, tokens.data(), matrix(same_row, kIn)).ok());
    EXPECT_EQ(row, same_row) << name_of(isa);
  }
}

TEST(Narrowing, LeavesAWeightAloneOfWhichOneElementIsNoBFloat16) {
  ThreadPool threads(2);
  for (int64_t odd : {int64_t{0}, kOut * kIn - 1}) {
    Floats floats(2, odd);
    ASSERT_TRUE(narrow(floats.weight, threads).ok());
    EXPECT_EQ(floats.weight.dtype, DType::kF32);
    EXPECT_EQ(floats.weight.narrowed.bytes(), 0u);
  }
}

TEST(Narrowing, LeavesOtherTypesAndWeightsWithoutMembersAlone) {
  ThreadPool threads(1);
  Floats other;
  other.weight.dtype = DType::kBF16;
  tenon_weight shape_only;
  shape_only.rows = 16, shape_only.columns = 32;
  for (tenon_weight* weight : {&other.weight, &shape_only}) {
    EXPECT_EQ(narrow_bytes_of(*weight), 0u);
    ASSERT_TRUE(narrow(*weight, threads).ok());
    EXPECT_EQ(weight->narrowed.bytes(), 0u);
  }
}

}  // namespace
}  // namespace tenon::testing
