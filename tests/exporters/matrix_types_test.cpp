#include <exporters/matrix_types.hpp>

#include <tests/testing/temp_dir.hpp>

namespace tenon::testing {
namespace {

constexpr OutputLayout kGguf = OutputLayout::kGguf, kHub = OutputLayout::kHub;

DType type_of(const std::string& type, const std::string& overrides, const std::string& tensor,
              const std::string& group, int64_t columns = 2048, OutputLayout layout = kGguf) {
  auto types = MatrixTypes::parse(layout, type, overrides);
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

TEST(MatrixTypes, ADirectoryKeepsWhatPublishedOnesKeep) {
  auto of = [](const std::string& type, const std::string& overrides, const std::string& tensor,
               const std::string& group) { return type_of(type, overrides, tensor, group, 2048, kHub); };
  EXPECT_EQ(of("int4", "", "model.layers.0.linear_attn.in_proj_qkvz.weight", "dense"), DType::kInt4);
  EXPECT_EQ(of("fp8", "", "model.layers.0.mlp.experts.3.up_proj.weight", "experts"), DType::kF8E4M3);
  EXPECT_EQ(of("int4", "", "model.layers.0.linear_attn.in_proj_ba.weight", "dense"), DType::kBF16);
  EXPECT_EQ(of("int4", "", "lm_head.weight", "head"), DType::kBF16);
  EXPECT_EQ(of("int4", "", "model.embed_tokens.weight", "embedding"), DType::kBF16);
  EXPECT_EQ(of("int4", "lm_head=int8", "lm_head.weight", "head"), DType::kInt8);
  EXPECT_EQ(of("int8", "experts=int4_32", "model.layers.0.mlp.experts.3.up_proj.weight", "experts"),
            DType::kInt4_32);
  EXPECT_EQ(of("f16", "", "lm_head.weight", "head"), DType::kF16);
}

TEST(MatrixTypes, GroupsOfADirectoryBecomeSmallerWhereRowsAreShort) {
  EXPECT_EQ(type_of("int4", "", "a", "dense", 192, kHub), DType::kInt4_32);
  EXPECT_EQ(type_of("int8", "", "a", "dense", 192, kHub), DType::kInt8_32);
  EXPECT_EQ(type_of("int4", "", "a", "dense", 40, kHub), DType::kBF16);
  EXPECT_EQ(type_of("fp8", "", "a", "dense", 40, kHub), DType::kF8E4M3);
}

TEST(MatrixTypes, RefusesWhatItCannotWrite) {
  const std::string gguf = "expected f32, f16, bf16, q8_0, q4_0, q4_k or q6_k for a GGUF file";
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kGguf, "int4", "")), "--type: is int4, " + gguf);
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kGguf, "iq4_xs", "")), "--type: is iq4_xs, " + gguf);
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kGguf, "q4_0", "experts=q9")), "--tensor: experts: is q9, " + gguf);
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kHub, "q4_k", "")),
            "--type: is q4_k, expected f32, f16, bf16, fp8, int4, int4_32, int8 or int8_32 for a directory; a "
            "file is "
            "called *.gguf");
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kHub, "uint4_32", "")).substr(0, 20), "--type: is uint4_32,");
  EXPECT_EQ(refusal_of(MatrixTypes::parse(kGguf, "q4_0", "experts")),
            "--tensor: has experts, expected PATTERN=TYPE");
}

}  // namespace
}  // namespace tenon::testing
