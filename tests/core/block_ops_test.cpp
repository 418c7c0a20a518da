// Products with weights in blocks, as they stand and packed.
#include "ops_inputs.hpp"
#include "test_blocks.hpp"

#include <tests/testing/temp_dir.hpp>

#include <tenon/ops/ops.hpp>
#include <tenon/ops/packing.hpp>

#include <cmath>

namespace tenon::testing {
namespace {

std::string name_of(DType type, Isa isa, Kept kept) {
  return std::string(name_of(type)) + " " + name_of(isa) + (kept == Kept::kPacked ? " packed" : "");
}

// Relative distance of y from x W^T computed in double precision.
double relative_rms(const TestBlocks& w, const std::vector<float>& x, const std::vector<float>& y) {
  double error = 0, power = 0;
  int64_t rows = static_cast<int64_t>(x.size()) / w.columns();
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t n = 0; n < w.rows(); ++n) {
      double sum = 0;
      for (int64_t m = 0; m < w.columns(); ++m) sum += double(w.at(n, m)) * x[r * w.columns() + m];
      error += std::pow(sum - y[r * w.rows() + n], 2), power += sum * sum;
    }
  return std::sqrt(error / power);
}

constexpr Kept kBothWays[] = {Kept::kAsItStands, Kept::kPacked};

TEST(BlockOps, LinearMatchesTheDefinition) {
  ThreadPool threads(2);
  for (DType type : kBlockTypes)
    for (auto [out, in] : {std::pair{1, 256}, {16, 512}, {37, 768}}) {
      std::vector<float> x = random_values(3 * in, 3);
      for (Kept kept : kBothWays) {
        TestBlocks w(type, 1, out, in, kept);
        for (Isa isa : isas()) {
          std::vector<float> y(3 * out, NAN);
          ASSERT_TRUE(DenseOps(isa, threads).linear(w.weight(), nullptr, matrix(x, in), matrix(y, out)).ok());
          // Three sums of a single feature vary more.
          double bound = w.weight().panels.bytes() == 0 ? 1e-6 : out == 1 ? 0.015 : 0.012;
          EXPECT_LT(relative_rms(w, x, y), bound) << name_of(type, isa, kept) << " " << out << "x" << in;
        }
      }
    }
}

// Activations that 8 bits hold exactly leave no error but that of float32 sums.
TEST(BlockOps, PackedLinearIsExactWhereActivationsAre) {
  ThreadPool threads(2);
  constexpr int64_t kOut = 35, kIn = 512, kRows = 15;
  std::vector<float> x(kRows * kIn);
  std::mt19937 generator(4);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = i % 32 == 7 ? 127 : static_cast<float>(static_cast<int>(generator() % 255) - 127);
  for (DType type : kBlockTypes) {
    TestBlocks w(type, 1, kOut, kIn, Kept::kPacked);
    for (Isa isa : isas()) {
      std::vector<float> y(kRows * kOut, NAN);
      ASSERT_TRUE(DenseOps(isa, threads).linear(w.weight(), nullptr, matrix(x, kIn), matrix(y, kOut)).ok());
      EXPECT_LT(relative_rms(w, x, y), 1e-6) << name_of(type, isa, Kept::kPacked);
    }
  }
}

TEST(BlockOps, InstructionSetsAgree) {
  ThreadPool threads(1);
  constexpr int64_t kOut = 48, kIn = 1024, kRows = 3;
  std::vector<float> x = random_values(kRows * kIn, 3);
  for (DType type : kBlockTypes) {
    TestBlocks w(type, 1, kOut, kIn, Kept::kPacked);
    std::vector<float> first(kRows * kOut), y(kRows * kOut);
    ASSERT_TRUE(
        DenseOps(Isa::kScalar, threads).linear(w.weight(), nullptr, matrix(x, kIn), matrix(first, kOut)).ok());
    for (Isa isa : isas()) {
      ASSERT_TRUE(DenseOps(isa, threads).linear(w.weight(), nullptr, matrix(x, kIn), matrix(y, kOut)).ok());
      double error = 0, power = 0;
      for (size_t i = 0; i < y.size(); ++i)
        error += std::pow(double(y[i]) - first[i], 2), power += std::pow(double(first[i]), 2);
      EXPECT_LT(std::sqrt(error / power), 1e-6) << name_of(type, isa, Kept::kPacked);
    }
  }
}

TEST(BlockOps, NeitherRowsNorThreadsChangeABit) {
  constexpr int64_t kOut = 100, kIn = 512, kRows = 83;
  std::vector<float> x = random_values(kRows * kIn, 6), bias = random_values(kOut, 7);
  ThreadPool single(1), several(3);
  for (DType type : kBlockTypes)
    for (Kept kept : kBothWays) {
      TestBlocks w(type, 1, kOut, kIn, kept);
      for (Isa isa : isas()) {
        std::vector<float> all(kRows * kOut), again(kRows * kOut), some(kRows * kOut);
        DenseOps one(isa, single), more(isa, several);
        ASSERT_TRUE(one.linear(w.weight(), bias.data(), matrix(x, kIn), matrix(all, kOut)).ok());
        ASSERT_TRUE(more.linear(w.weight(), bias.data(), matrix(x, kIn), matrix(again, kOut)).ok());
        EXPECT_EQ(all, again) << name_of(type, isa, kept);
        for (int64_t r = 0, count = 1; r < kRows; r += count, ++count) {
          count = std::min(count, kRows - r);
          ASSERT_TRUE(more.linear(w.weight(), bias.data(), matrix(x, kIn).slice(r, count),
                                  matrix(some, kOut).slice(r, count))
                          .ok());
        }
        EXPECT_EQ(all, some) << name_of(type, isa, kept);
      }
    }
}

TEST(BlockOps, GroupedLinearEqualsLinearMemberByMember) {
  constexpr int64_t kOut = 40, kIn = 256;
  const std::vector<int32_t> row_start = {0, 0, 3, 3, 4, 24, 24};
  std::vector<float> x = random_values(24 * kIn, 2);
  ThreadPool threads(3);
  for (DType type : kBlockTypes)
    for (Kept kept : kBothWays) {
      TestBlocks group(type, 6, kOut, kIn, kept);
      DenseOps ops(widest_isa(), threads);
      std::vector<float> y(24 * kOut, NAN), expected(24 * kOut, NAN);
      ASSERT_TRUE(ops.grouped_linear(group.weight(), row_start.data(), matrix(x, kIn), matrix(y, kOut)).ok());
      for (uint32_t e = 0; e < 6; ++e) {
        TestBlocks member(type, 1, kOut, kIn, kept, e);
        int64_t first = row_start[e], rows = row_start[e + 1] - first;
        ASSERT_TRUE(ops.linear(member.weight(), nullptr, matrix(x, kIn).slice(first, rows),
                               matrix(expected, kOut).slice(first, rows))
                        .ok());
      }
      EXPECT_EQ(y, expected) << name_of(type, widest_isa(), kept);
    }
}

TEST(BlockOps, EmbedReadsRowsOfEveryTypePackedOrNot) {
  ThreadPool threads(1);
  for (DType type : kBlockTypes)
    for (Kept kept : kBothWays) {
      TestBlocks w(type, 1, 20, 512, kept);
      std::vector<int32_t> tokens = {19, 0, 7, 7};
      std::vector<float> y(4 * 512);
      ASSERT_TRUE(DenseOps(widest_isa(), threads).embed(w.weight(), tokens.data(), matrix(y, 512)).ok());
      for (int64_t i = 0; i < 4 * 512; ++i) ASSERT_EQ(y[i], w.at(tokens[i / 512], i % 512)) << name_of(type);
    }
}

TEST(BlockOps, ZerosGiveTheBiasAndNotANumberStaysInItsRow) {
  constexpr int64_t kOut = 20, kIn = 256;
  ThreadPool threads(1);
  std::vector<float> bias = random_values(kOut, 7);
  for (DType type : kBlockTypes) {
    TestBlocks w(type, 1, kOut, kIn, Kept::kPacked);
    for (Isa isa : isas()) {
      std::vector<float> x(3 * kIn), y(3 * kOut, 5.0f);
      x[kIn + 40] = NAN, x[kIn + 100] = INFINITY, x[2 * kIn + 3] = 1e-38f;
      ASSERT_TRUE(DenseOps(isa, threads).linear(w.weight(), bias.data(), matrix(x, kIn), matrix(y, kOut)).ok());
      for (int64_t n = 0; n < kOut; ++n) {
        EXPECT_EQ(y[n], bias[n]) << name_of(type, isa, Kept::kPacked);
        EXPECT_TRUE(std::isnan(y[kOut + n])) << name_of(type, isa, Kept::kPacked);
        EXPECT_NEAR(y[2 * kOut + n], bias[n], 1e-6) << name_of(type, isa, Kept::kPacked);
      }
    }
  }
}

TEST(Packing, TakesAboutWhatTheFileTakes) {
  ThreadPool threads(2);
  for (DType type : kBlockTypes) {
    TestBlocks w(type, 2, 32, 512, Kept::kPacked);
    double file = static_cast<double>(bytes_of(type, 2 * 32 * 512));
    if (has_scale_tensors(type)) file += 2.0 * 2 * 32 * 512 / block_of(type).elements;
    // Zero points of 4 bits become halves.
    double most = type == DType::kUint4_32 ? 1.12 : 1.20;
    EXPECT_LE(static_cast<double>(w.weight().panels.bytes()), most * file) << name_of(type);
    EXPECT_GE(static_cast<double>(w.weight().panels.bytes()), file) << name_of(type);
  }
}

// Row n has the exponent n. Those from 253 on stand for no number; x is such that no product leaves the range.
TEST(Packing, KeepsEveryExponentOfMxfp4) {
  ThreadPool threads(1);
  std::vector<std::byte> blocks;
  for (int e = 0; e < 256; ++e) {
    blocks.push_back(static_cast<std::byte>(e));
    blocks.insert(blocks.end(), 16, std::byte{0xf7});
  }
  tenon_weight weight;
  weight.dtype = DType::kMXFP4, weight.rows = 256, weight.columns = 32;
  weight.members.push_back({blocks.data(), nullptr});
  ASSERT_TRUE(pack(weight, threads).ok());
  std::vector<float> values(256 * 32), y(256);
  dequantise(DType::kMXFP4, blocks.data(), values.size(), values.data());
  for (Isa isa : isas())
    for (float scale : {0x1p20f, 0x1p-20f}) {
      std::vector<float> x(32);
      x[3] = 127 * scale;
      ASSERT_TRUE(DenseOps(isa, threads).linear(weight, nullptr, matrix(x, 32), matrix(y, 256)).ok());
      for (int64_t e = scale > 1 ? 0 : 60; e < (scale > 1 ? 200 : 253); ++e)
        EXPECT_EQ(y[e], values[e * 32 + 3] * x[3]) << name_of(isa) << " " << e;
    }
}

TEST(Packing, LeavesOtherTypesAndWeightsWithoutMembersAlone) {
  ThreadPool threads(1);
  tenon_weight floats, shape_only;
  std::vector<std::byte> bytes(64);
  floats.rows = 4, floats.columns = 4, floats.members.push_back({bytes.data(), nullptr});
  shape_only.dtype = DType::kQ4_0, shape_only.rows = 16, shape_only.columns = 32;
  for (tenon_weight* weight : {&floats, &shape_only}) {
    ASSERT_TRUE(pack(*weight, threads).ok());
    EXPECT_EQ(weight->panels.bytes(), 0u);
  }
}

// The same numbers, groups of several blocks, and both ways to lie.
TEST(BlockOps, GroupsMayBeLongerAndCodesTransposed) {
  constexpr int64_t kOut = 40, kIn = 512, kWords = kIn / 8, kGroups = 2;
  ThreadPool threads(2);
  std::vector<uint32_t> codes(kOut * kWords), turned(codes.size()), zeros(kOut / 8 * kGroups),
      turned_zeros(zeros.size());
  std::vector<float> scales(kOut * kGroups), turned_scales(scales.size());
  std::mt19937 generator(9);
  for (int64_t n = 0; n < kOut; ++n) {
    for (int64_t k = 0; k < kWords; ++k)
      turned[k * kOut + n] = codes[n * kWords + k] = static_cast<uint32_t>(generator());
    for (int64_t g = 0; g < kGroups; ++g)
      turned_scales[g * kOut + n] = scales[n * kGroups + g] = 0.25f + static_cast<float>(generator() % 8) / 8;
  }
  for (int64_t k = 0; k < kOut / 8; ++k)
    for (int64_t g = 0; g < kGroups; ++g)
      turned_zeros[g * (kOut / 8) + k] = zeros[k * kGroups + g] =
          static_cast<uint32_t>(generator()) & 0x77777777;
  auto bytes = [](auto& values) { return reinterpret_cast<const std::byte*>(values.data()); };
  std::vector<float> x = random_values(3 * kIn, 3);
  for (DType type : {DType::kInt4, DType::kInt4_32, DType::kUint4_32}) {
    tenon_weight rows, columns;
    rows.dtype = columns.dtype = type, rows.rows = columns.rows = kOut, rows.columns = columns.columns = kIn;
    rows.groups = {kIn / kGroups, DType::kF32, false, 1},
    columns.groups = {kIn / kGroups, DType::kF32, true, 1};
    rows.members.push_back({bytes(codes), nullptr, bytes(scales), nullptr});
    columns.members.push_back({bytes(turned), nullptr, bytes(turned_scales), nullptr});
    if (type == DType::kUint4_32)
      rows.members[0].zeros = bytes(zeros), columns.members[0].zeros = bytes(turned_zeros);
    std::vector<float> values(kOut * kIn);
    dequantise_rows(rows, 0, 0, kOut, values.data());
    for (int64_t n : {0, 1, 7, 8, 39})
      for (int64_t m : {0, 9, 255, 256, 511}) {
        int64_t g = m / 256;
        float zero = 8;
        if (type == DType::kUint4_32)
          zero = static_cast<float>((zeros[n / 8 * kGroups + g] >> (n % 8 * 4) & 15) + 1);
        float code = static_cast<float>(codes[n * kWords + m / 8] >> (m % 8 * 4) & 15);
        EXPECT_EQ(values[n * kIn + m], scales[n * kGroups + g] * (code - zero))
            << name_of(type) << n << " " << m;
      }
    for (Kept kept : kBothWays) {
      for (tenon_weight* weight : {&rows, &columns}) {
        if (kept == Kept::kPacked) {
          ASSERT_TRUE(pack(*weight, threads).ok());
        }
      }
      std::vector<float> y(3 * kOut, NAN), same(3 * kOut, NAN);
      DenseOps ops(widest_isa(), threads);
      ASSERT_TRUE(ops.linear(rows, nullptr, matrix(x, kIn), matrix(y, kOut)).ok());
      ASSERT_TRUE(ops.linear(columns, nullptr, matrix(x, kIn), matrix(same, kOut)).ok());
      EXPECT_EQ(y, same) << name_of(type, widest_isa(), kept);
    }
  }
}

TEST(Packing, LeavesScalesBeyondHalfPrecisionAsTheyAre) {
  ThreadPool threads(1);
  std::vector<std::byte> codes(16 * 32 / 2);
  std::vector<float> scales(16, 1.0f);
  scales[11] = 70000;
  tenon_weight weight;
  weight.dtype = DType::kInt4_32, weight.rows = 16, weight.columns = 32;
  weight.groups = {32, DType::kF32};
  weight.members.push_back({codes.data(), nullptr, reinterpret_cast<const std::byte*>(scales.data())});
  ASSERT_TRUE(pack(weight, threads).ok());
  EXPECT_EQ(weight.panels.bytes(), 0u);
}

TEST(BlockOps, RefusesRowsThatAWorkersMemoryCannotHold) {
  ThreadPool threads(1);
  std::vector<std::byte> bytes(18);
  tenon_weight weight;
  weight.dtype = DType::kQ4_0, weight.rows = 1, weight.columns = BlockProducts::kColumnsMax + 32;
  weight.members.push_back({bytes.data(), nullptr});
  Matrix x(nullptr, 0, weight.columns), y(nullptr, 0, 1);
  EXPECT_NE(refusal_of(DenseOps(widest_isa(), threads).linear(weight, nullptr, x, y)), "");
}

}  // namespace
}  // namespace tenon::testing
