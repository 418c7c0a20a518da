#include <exporters/matrix_types.hpp>

#include <tests/testing/temp_dir.hpp>

namespace tenon::testing {
namespace {

DType type_of(const std::string& type, const std::string& overrides, const std::string& tensor,
              const std::string& group, int64_t columns = 2048) {
  auto types = MatrixTypes::parse(type, overrides);
  EXPECT_TRUE(types.ok()) << refusal_of(types);
  return types.ok() ? types.value().type_of(tensor, group, columns) : DType::kI64;
}

TEST(MatrixTypes, GivesAllTheSameButForTheHeadOfSmallTypes) {
  EXPECT_EQ(type_of("q4_k", "", "blk.0.ssm_out.weight", "dense"), DType::kQ4_K);
  EXPECT_EQ(type_of("q4_k", "", "output.weight", "head"), DType::kQ6_K);
  EXPECT_EQ(type_of("q4_0", "", "output.weight", "head"), DType::kQ6_K);
  EXPECT_EQ(type_of("q8_0", "", "output.weight", "head"), DType::kQ8_0);
  EXPECT_EQ(type_of("bf16", "", "token_embd.weight", "embedding"), DType::kBF16);
}

TEST(MatrixTypes, LetsTheLastRuleThatFitsCount) {
  std::string rules = "experts=q4_0,blk.1.*=q8_0,head=f16";
  EXPECT_EQ(type_of("q6_k", rules, "blk.0.ffn_up_exps.weight", "experts"), DType::kQ4_0);
  EXPECT_EQ(type_of("q6_k", rules, "blk.1.ffn_up_exps.weight", "experts"), DType::kQ8_0);
  EXPECT_EQ(type_of("q6_k", rules, "blk.0.attn_qkv.weight", "dense"), DType::kQ6_K);
  EXPECT_EQ(type_of("q4_k", rules, "output.weight", "head"), DType::kF16);
}

TEST(MatrixTypes, FallsBackWhereRowsAreNotWholeBlocks) {
  EXPECT_EQ(type_of("q4_k", "", "a", "dense", 192), DType::kQ8_0);
  EXPECT_EQ(type_of("q4_0", "", "a", "dense", 192), DType::kQ4_0);
  EXPECT_EQ(type_of("q4_0", "", "a", "dense", 40), DType::kBF16);
  EXPECT_EQ(type_of("f32", "", "a", "dense", 40), DType::kF32);
}

TEST(MatrixTypes, RefusesWhatItCannotWrite) {
  EXPECT_EQ(refusal_of(MatrixTypes::parse("int4", "")),
            "--type: is int4, expected f32, f16, bf16, q8_0, q4_0, q4_k or q6_k");
  EXPECT_EQ(refusal_of(MatrixTypes::parse("iq4_xs", "")),
            "--type: is iq4_xs, expected f32, f16, bf16, q8_0, q4_0, q4_k or q6_k");
  EXPECT_EQ(refusal_of(MatrixTypes::parse("q4_0", "experts=q9")),
            "--tensor: experts: is q9, expected f32, f16, bf16, q8_0, q4_0, q4_k or q6_k");
  EXPECT_EQ(refusal_of(MatrixTypes::parse("q4_0", "experts")), "--tensor: has experts, expected PATTERN=TYPE");
}

}  // namespace
}  // namespace tenon::testing
