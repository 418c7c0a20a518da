// expert_mlp against the operations it is made of, bit for bit.
#include "expert_inputs.hpp"
#include "ops_inputs.hpp"
#include "test_blocks.hpp"

#include <tests/testing/temp_dir.hpp>

#include <tenon/ops/ops.hpp>
#include <tenon/sdk/host.hpp>

#include <cmath>

namespace tenon::testing {
namespace {

constexpr int64_t kModel = 256, kInner = 512;

// Rows gathered, three grouped multiplications, and the sum row by row.
std::vector<float> by_parts(const DenseOps& ops, const Experts& experts, const Routing& routing,
                            const std::vector<float>& x) {
  int64_t rows = routing.rows(), dim = experts.model_dim;
  std::vector<float> gathered, gate(rows * experts.inner_dim), up(gate.size()), out(rows * dim), y(x.size());
  for (int32_t t : routing.token_of_row) gathered.insert(gathered.end(), &x[t * dim], &x[t * dim] + dim);
  const int32_t* starts = routing.row_start.data();
  Matrix inner = matrix(gate, experts.inner_dim);
  EXPECT_TRUE(ops.grouped_linear(experts.gate, starts, matrix(gathered, dim), inner).ok());
  EXPECT_TRUE(
      ops.grouped_linear(experts.up, starts, matrix(gathered, dim), matrix(up, experts.inner_dim)).ok());
  EXPECT_TRUE(ops.silu_multiply(inner, matrix(up, experts.inner_dim), inner).ok());
  EXPECT_TRUE(ops.grouped_linear(experts.down, starts, inner, matrix(out, dim)).ok());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t m = 0; m < dim; ++m) {
      float& sum = y[routing.token_of_row[r] * dim + m];
      float factor = routing.factor_of_row[r], term = out[r * dim + m];
      sum = ops.isa() == Isa::kScalar ? sum + factor * term : std::fma(factor, term, sum);
    }
  return y;
}

TEST(ExpertMlp, EqualsItsPartsForEveryTypePackedOrNot) {
  Routing routing(17);
  std::vector<float> x = random_values(17 * kModel, 2);
  for (DType type : kBlockTypes)
    for (Kept kept : {Kept::kAsItStands, Kept::kPacked}) {
      TestBlocks gate(type, 6, kInner, kModel, kept), up(type, 6, kInner, kModel, kept, 20);
      TestBlocks down(type, 6, kModel, kInner, kept, 40);
      Experts experts{gate.weight(), up.weight(), down.weight(), kModel, kInner};
      for (Isa isa : isas())
        for (uint32_t count : {1u, 3u}) {
          ThreadPool threads(count);
          DenseOps ops(isa, threads);
          EXPECT_EQ(run(ops, experts, routing, x), by_parts(ops, experts, routing, x))
              << name_of(type) << " " << name_of(isa) << " " << count;
        }
    }
}

TEST(ExpertMlp, TakesAnyMixtureOfTypes) {
  Routing routing(100);  // more rows of one member than are multiplied at a time
  std::vector<float> x = random_values(100 * kModel, 3);
  ThreadPool threads(2);
  DenseOps ops(widest_isa(), threads);
  TestBlocks q4(DType::kQ4_K, 6, kInner, kModel, Kept::kPacked),
      q6(DType::kQ6_K, 6, kInner, kModel, Kept::kPacked);
  TestBlocks plain(DType::kQ8_0, 6, kInner, kModel, Kept::kAsItStands);
  TestBlocks down(DType::kQ5_0, 6, kModel, kInner, Kept::kPacked);
  for (auto [gate, up] : {std::pair{&q4, &q6}, {&q6, &plain}, {&plain, &q4}}) {
    Experts experts{gate->weight(), up->weight(), down.weight(), kModel, kInner};
    EXPECT_EQ(run(ops, experts, routing, x), by_parts(ops, experts, routing, x));
  }
}

TEST(ExpertMlp, TakesAnyWidthOfFloats) {
  for (DType type : {DType::kF32, DType::kBF16, DType::kF8E4M3})
    for (auto [dim, inner_dim] : {std::pair<int64_t, int64_t>{40, 24}, {33, 17}, {129, 70}}) {
      TestGroup gate(type, 6, inner_dim, dim), up(type, 6, inner_dim, dim), down(type, 6, dim, inner_dim);
      Experts experts{gate.weight(), up.weight(), down.weight(), dim, inner_dim};
      ThreadPool threads(2);
      DenseOps ops(widest_isa(), threads);
      std::vector<float> x = random_values(9 * dim, 4);
      EXPECT_EQ(run(ops, experts, Routing(9), x), by_parts(ops, experts, Routing(9), x)) << name_of(type);
    }
}

TEST(ExpertMlp, GivesZerosToTokensThatGoNowhere) {
  TestGroup gate(DType::kF32, 3, 8, 16), up(DType::kF32, 3, 8, 16), down(DType::kF32, 3, 16, 8);
  Experts experts{gate.weight(), up.weight(), down.weight(), 16, 8};
  Routing nobody(0, 3);
  ThreadPool threads(2);
  EXPECT_EQ(run(DenseOps(widest_isa(), threads), experts, nobody, random_values(2 * 16, 1)),
            std::vector<float>(2 * 16));
}

TEST(ExpertMlp, RefusesWeightsThatDoNotFit) {
  TestGroup wide(DType::kF32, 3, 8, 16), other(DType::kF32, 3, 9, 16), few(DType::kF32, 2, 8, 16);
  TestGroup down(DType::kF32, 3, 16, 8);
  ThreadPool threads(1);
  DenseOps ops(widest_isa(), threads);
  std::vector<float> x(32), y(32);
  tenon_expert_mlp job{};
  job.x = tensor_of(matrix(x, 16)), job.y = tensor_of(matrix(y, 16));
  job.gate = &wide.weight(), job.up = &other.weight(), job.down = &down.weight();
  EXPECT_EQ(refusal_of(ops.expert_mlp(job)),
            "expert_mlp: up: weight [9, 16] does not fit x [2, 16] and y [2, 8]");
  job.up = &few.weight();
  EXPECT_EQ(refusal_of(ops.expert_mlp(job)), "expert_mlp: gate, up and down differ in members");
}

}  // namespace
}  // namespace tenon::testing
