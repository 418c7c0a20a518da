#include "ops_inputs.hpp"
#include "test_matrix.hpp"

#include <tests/testing/temp_dir.hpp>

#include <tenon/ops/ops.hpp>

#include <cmath>

namespace tenon::testing {
namespace {

constexpr DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kF8E4M3};

// y = x W^T + bias by definition, with how large the sums' terms are.
struct Reference {
  std::vector<double> y, magnitude;

  Reference(const TestMatrix& w, const std::vector<float>& bias, const std::vector<float>& x) {
    for (size_t r = 0; r * w.columns() < x.size(); ++r)
      for (int64_t n = 0; n < w.rows(); ++n) {
        double sum = bias.empty() ? 0 : bias[n], most = std::fabs(sum);
        for (int64_t m = 0; m < w.columns(); ++m) {
          double term = w.at(n, m) * x[r * w.columns() + m];
          sum += term, most += std::fabs(term);
        }
        y.push_back(sum), magnitude.push_back(most);
      }
  }
  void expect_near(const std::vector<float>& computed, const std::string& what) const {
    ASSERT_EQ(computed.size(), y.size());
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(computed[i], y[i], 1e-6 * magnitude[i]) << what << ", element " << i;
  }
};

TEST(Ops, LinearMatchesTheDefinitionForEveryTypeAndSize) {
  ThreadPool threads(2);
  for (DType type : kTypes)
    for (int64_t out = 1; out <= 70; out += out < 20 ? 1 : 7)
      for (int64_t in = 1; in <= 70; ++in) {
        TestMatrix w(type, out, in, static_cast<uint32_t>(out * 100 + in));
        std::vector<float> x = random_values(5 * in, 3), bias = random_values(out, 4);
        Reference reference(w, bias, x);
        for (Isa isa : isas()) {
          std::vector<float> y(5 * out, NAN);
          ASSERT_TRUE(
              DenseOps(isa, threads).linear(w.weight(), bias.data(), matrix(x, in), matrix(y, out)).ok());
          reference.expect_near(y, std::string(name_of(type)) + " " + name_of(isa) + " " + std::to_string(out) +
                                       "x" + std::to_string(in));
        }
      }
}

TEST(Ops, LinearScalesEveryTileOfF8) {
  ThreadPool threads(1);
  for (auto [out, in] : {std::pair{129, 257}, {3, 400}, {260, 1}}) {
    TestMatrix w(DType::kF8E4M3, out, in, 9);
    std::vector<float> x = random_values(2 * in, 3);
    Reference reference(w, {}, x);
    for (Isa isa : isas()) {
      std::vector<float> y(2 * out);
      ASSERT_TRUE(DenseOps(isa, threads).linear(w.weight(), nullptr, matrix(x, in), matrix(y, out)).ok());
      reference.expect_near(y, name_of(isa));
    }
  }
}

TEST(Ops, NeitherRowsNorThreadsChangeABit) {
  constexpr int64_t kOut = 301, kIn = 203, kRows = 23;
  for (DType type : kTypes)
    for (Isa isa : isas()) {
      TestMatrix w(type, kOut, kIn, 5);
      std::vector<float> x = random_values(kRows * kIn, 6), all(kRows * kOut), again(kRows * kOut), one(kOut);
      ThreadPool single(1), several(5);
      ASSERT_TRUE(DenseOps(isa, single).linear(w.weight(), nullptr, matrix(x, kIn), matrix(all, kOut)).ok());
      ASSERT_TRUE(DenseOps(isa, several).linear(w.weight(), nullptr, matrix(x, kIn), matrix(again, kOut)).ok());
      EXPECT_EQ(all, again) << name_of(type) << " " << name_of(isa);
      for (int64_t r = 0; r < kRows; ++r) {
        Matrix row(x.data() + r * kIn, 1, kIn);
        ASSERT_TRUE(DenseOps(isa, several).linear(w.weight(), nullptr, row, matrix(one, kOut)).ok());
        EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + r * kOut))
            << name_of(type) << " row " << r;
      }
    }
}

TEST(Ops, LinearAcceptsNoRowsAndNoFeatures) {
  ThreadPool threads(2);
  DenseOps ops(widest_isa(), threads);
  TestMatrix w(DType::kF32, 3, 2, 1), no_input(DType::kF32, 3, 0, 1), no_output(DType::kF32, 0, 2, 1);
  std::vector<float> bias = {1, 2, 3}, x = {1, 1}, y(3, NAN);
  EXPECT_TRUE(ops.linear(w.weight(), nullptr, Matrix(nullptr, 0, 2), Matrix(nullptr, 0, 3)).ok());
  EXPECT_TRUE(ops.linear(no_input.weight(), bias.data(), Matrix(nullptr, 1, 0), matrix(y, 3)).ok());
  EXPECT_EQ(y, bias);
  EXPECT_TRUE(ops.linear(no_output.weight(), nullptr, matrix(x, 2), Matrix(nullptr, 1, 0)).ok());
  std::vector<int32_t> row_start = {0, 1};
  EXPECT_TRUE(
      ops.grouped_linear(no_output.weight(), row_start.data(), matrix(x, 2), Matrix(nullptr, 1, 0)).ok());
}

TEST(Ops, GroupedLinearEqualsLinearMemberByMember) {
  constexpr int64_t kOut = 37, kIn = 29;
  // Empty members at the beginning, in the middle and at the end; one with many rows.
  const std::vector<int32_t> row_start = {0, 0, 3, 3, 3, 4, 20, 20};
  std::vector<float> x = random_values(20 * kIn, 2);
  for (DType type : kTypes)
    for (Isa isa : isas())
      for (uint32_t count : {1u, 4u}) {
        TestGroup group(type, 7, kOut, kIn);
        ThreadPool threads(count);
        DenseOps ops(isa, threads);
        std::vector<float> y(20 * kOut, NAN), expected(20 * kOut, NAN);
        ASSERT_TRUE(ops.grouped_linear(group.weight(), row_start.data(), matrix(x, kIn), matrix(y, kOut)).ok());
        for (size_t e = 0; e < 7; ++e) {
          int64_t first = row_start[e], rows = row_start[e + 1] - first;
          ASSERT_TRUE(ops.linear(group.member(e), nullptr, matrix(x, kIn).slice(first, rows),
                                 matrix(expected, kOut).slice(first, rows))
                          .ok());
        }
        EXPECT_EQ(y, expected) << name_of(type) << " " << name_of(isa) << " " << count;
      }
}

TEST(Ops, GroupedLinearAcceptsAGroupThatNobodyUses) {
  ThreadPool threads(2);
  TestGroup group(DType::kBF16, 3, 4, 5);
  std::vector<int32_t> row_start(4, 0);
  EXPECT_TRUE(
      DenseOps(widest_isa(), threads)
          .grouped_linear(group.weight(), row_start.data(), Matrix(nullptr, 0, 5), Matrix(nullptr, 0, 4))
          .ok());
}

TEST(Ops, EmbedReadsRowsOfEveryType) {
  ThreadPool threads(1);
  for (DType type : kTypes)
    for (int64_t in : {1, 15, 16, 17, 70, 129})
      for (Isa isa : isas()) {
        TestMatrix w(type, 140, in, 8);
        std::vector<int32_t> tokens = {139, 0, 7, 7};
        std::vector<float> y(4 * in);
        ASSERT_TRUE(DenseOps(isa, threads).embed(w.weight(), tokens.data(), matrix(y, in)).ok());
        for (int64_t i = 0; i < 4 * in; ++i)
          ASSERT_EQ(y[i], static_cast<float>(w.at(tokens[i / in], i % in)))
              << name_of(type) << " " << name_of(isa);
      }
}

TEST(Ops, EmbedRefusesTokensOutsideTheVocabulary) {
  ThreadPool threads(1);
  TestMatrix w(DType::kF32, 10, 4, 1);
  std::vector<float> y(8);
  for (int32_t bad : {10, -1, INT32_MAX, INT32_MIN}) {
    std::vector<int32_t> tokens = {9, bad};
    Status status = DenseOps(widest_isa(), threads).embed(w.weight(), tokens.data(), matrix(y, 4));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, TENON_INVALID);
    EXPECT_EQ(status.error().text, "embed: token id is " + std::to_string(bad) + ", must be from 0 to 9");
  }
}

TEST(Ops, NamesShapesThatDoNotFit) {
  ThreadPool threads(1);
  DenseOps ops(widest_isa(), threads);
  TestMatrix w(DType::kF32, 3, 2, 1);
  tenon_weight nothing;
  std::vector<float> x(4), y(6);
  std::vector<int32_t> row_start = {0, 2};
  EXPECT_EQ(refusal_of(ops.linear(w.weight(), nullptr, Matrix(x.data(), 2, 1), Matrix(y.data(), 2, 3))),
            "linear: weight [3, 2] does not fit x [2, 1] and y [2, 3]");
  EXPECT_EQ(refusal_of(ops.linear(w.weight(), nullptr, Matrix(x.data(), 2, 2), Matrix(y.data(), 1, 3))),
            "linear: weight [3, 2] does not fit x [2, 2] and y [1, 3]");
  EXPECT_EQ(refusal_of(ops.grouped_linear(w.weight(), row_start.data(), Matrix(x.data(), 2, 2),
                                          Matrix(y.data(), 2, 2))),
            "grouped_linear: weight [3, 2] does not fit x [2, 2] and y [2, 2]");
  TestGroup group(DType::kF32, 3, 3, 2);
  EXPECT_EQ(refusal_of(ops.linear(group.weight(), nullptr, Matrix(x.data(), 2, 2), Matrix(y.data(), 2, 3))),
            "linear: weight has 3 members, expected one; grouped_linear takes several");
  EXPECT_NE(refusal_of(ops.linear(nothing, nullptr, Matrix(x.data(), 1, 0), Matrix(y.data(), 1, 0))), "");
  EXPECT_NE(refusal_of(ops.embed(w.weight(), row_start.data(), Matrix(y.data(), 2, 3))), "");
  EXPECT_EQ(refusal_of(ops.rms_norm(x.data(), 0, 0, Matrix(x.data(), 2, 2), Matrix(y.data(), 2, 3))),
            "rms_norm: x [2, 2] and y [2, 3] differ in shape");
  EXPECT_EQ(
      refusal_of(ops.silu_multiply(Matrix(x.data(), 2, 2), Matrix(x.data(), 2, 2), Matrix(y.data(), 3, 2))),
      "silu_multiply: gate [2, 2], up [2, 2] and y [3, 2] differ in shape");
}

TEST(Ops, RmsNormMatchesTheDefinitionAndWorksInPlace) {
  for (Isa isa : isas())
    for (int64_t columns = 1; columns <= 70; ++columns)
      for (float offset : {0.0f, 1.0f}) {
        ThreadPool threads(2);
        std::vector<float> x = random_values(3 * columns, 1), gain = random_values(columns, 2),
                           y(x.size(), NAN);
        ASSERT_TRUE(DenseOps(isa, threads)
                        .rms_norm(gain.data(), offset, 1e-6f, matrix(x, columns), matrix(y, columns))
                        .ok());
        for (int64_t i = 0; i < 3 * columns; ++i) {
          double mean = 0;
          for (int64_t m = 0; m < columns; ++m)
            mean += double(x[i / columns * columns + m]) * x[i / columns * columns + m] / columns;
          double expected = x[i] / std::sqrt(mean + 1e-6) * (offset + gain[i % columns]);
          ASSERT_NEAR(y[i], expected, 1e-5 * std::fabs(expected) + 1e-7) << name_of(isa) << " " << columns;
        }
        ASSERT_TRUE(DenseOps(isa, threads)
                        .rms_norm(gain.data(), offset, 1e-6f, matrix(x, columns), matrix(x, columns))
                        .ok());
        EXPECT_EQ(x, y) << name_of(isa) << " " << columns;
      }
}

TEST(Ops, RmsNormOfZerosIsZero) {
  ThreadPool threads(1);
  std::vector<float> x(32), gain(16, 3.0f), y(32, NAN);
  ASSERT_TRUE(
      DenseOps(widest_isa(), threads).rms_norm(gain.data(), 1, 1e-6f, matrix(x, 16), matrix(y, 16)).ok());
  EXPECT_EQ(y, x);
}

TEST(Ops, SiluMultiplyMatchesTheDefinitionAndWorksInPlace) {
  for (Isa isa : isas())
    for (int64_t columns : {1, 15, 16, 17, 70, 20'000}) {
      ThreadPool threads(3);
      std::vector<float> gate = random_values(3 * columns, 1), up = random_values(3 * columns, 2),
                         y(gate.size(), NAN);
      gate[0] = -90, gate.back() = 95;
      ASSERT_TRUE(DenseOps(isa, threads)
                      .silu_multiply(matrix(gate, columns), matrix(up, columns), matrix(y, columns))
                      .ok());
      for (size_t i = 0; i < y.size(); ++i) {
        double expected = double(gate[i]) / (1 + std::exp(-double(gate[i]))) * up[i];
        ASSERT_NEAR(y[i], expected, 1e-5 * std::fabs(expected) + 1e-30) << name_of(isa) << " " << gate[i];
      }
      ASSERT_TRUE(DenseOps(isa, threads)
                      .silu_multiply(matrix(gate, columns), matrix(up, columns), matrix(gate, columns))
                      .ok());
      EXPECT_EQ(gate, y) << name_of(isa);
    }
}

TEST(Ops, AddAdds) {
  ThreadPool threads(1);
  std::vector<float> x = {1, 2, 3}, y = {10, 20, 30};
  DenseOps(widest_isa(), threads).add(matrix(x, 3), matrix(y, 3));
  EXPECT_EQ(y, (std::vector<float>{11, 22, 33}));
}

}  // namespace
}  // namespace tenon::testing
