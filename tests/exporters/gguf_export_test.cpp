// From the Hugging Face layout to GGUF and back to facts. That such a file computes the same is tests/golden's.
#include <exporters/gguf_tokenizer.hpp>
#include <exporters/qwen3_next_gguf_export.hpp>
#include <exporters/qwen3_next_synthetic.hpp>

#include <tests/testing/temp_dir.hpp>

#include <tenon/text/tokenizer.hpp>
#include <tenon/weights/convert.hpp>

#include <cmath>

namespace tenon::testing {
namespace {

Qwen3NextFacts small_facts() {
  Qwen3NextFacts facts = synthetic_qwen3_next({4, 32, 3, true});
  facts.model_dim = 64, facts.heads = 2, facts.kv_heads = 1, facts.head_dim = 32;
  facts.key_heads = 2, facts.value_heads = 4, facts.key_dim = 32, facts.value_dim = 16;
  facts.expert_dim = 32, facts.shared_dim = 64, facts.position.rotary_dim = 8;
  return facts;
}

// A made-up model as a file, and what went in.
struct Exported {
  explicit Exported(const Qwen3NextFacts& model, const std::string& type = "f32")
      : facts(model), source(synthetic_tensors(facts, 5)) {
    auto types = MatrixTypes::parse(OutputLayout::kGguf, type, "");
    auto outputs = qwen3_next_gguf_outputs(facts, source, types.value());
    EXPECT_TRUE(outputs.ok()) << refusal_of(outputs);
    path = dir / "m.gguf";
    auto writer =
        TensorWriter::gguf(path, qwen3_next_gguf_pairs(facts, types.value()), plans_of(outputs.value()));
    EXPECT_TRUE(writer.ok()) << refusal_of(writer);
    ThreadPool threads(2);
    auto errors = convert(source, outputs.value(), writer.value(), threads);
    EXPECT_TRUE(errors.ok()) << refusal_of(errors);
    EXPECT_TRUE(writer.value().finish().ok());
    file = std::move(Gguf::open(path)).value();
  }
  std::vector<float> row(const std::string& tensor, int64_t row) const {
    std::vector<float> values(columns_of(*source.find_shape(tensor)));
    source.read_row(tensor, row, values.data());
    return values;
  }
  std::vector<float> written_row(const std::string& tensor, int64_t row) const {
    const StoredTensor& stored = file->tensors().at(tensor);
    std::vector<float> all = floats_of(stored);
    int64_t columns = stored.shape.back();
    return {all.begin() + row * columns, all.begin() + (row + 1) * columns};
  }

  Qwen3NextFacts facts;
  RandomSource source;
  TempDir dir;
  std::filesystem::path path;
  std::unique_ptr<Gguf> file;
};

TEST(GgufExport, GivesBackTheFactsItWasMadeOf) {
  Exported exported(small_facts());
  Checkpoint tensors = std::move(Checkpoint::open(exported.path)).value();
  auto read = read_qwen3_next(*exported.file, tensors);
  ASSERT_TRUE(read.ok()) << refusal_of(read);
  Qwen3NextFacts expected = exported.facts;
  expected.source = exported.path.string(), expected.weights_path = exported.path.string();
  expected.norm_offset = 0, expected.projections = "split", expected.decay = "A";
  expected.names = qwen3_next_gguf_names(expected);
  EXPECT_EQ(write_qwen3_next(read.value()), write_qwen3_next(expected));
}

TEST(GgufExport, TakesTheProjectionsApart) {
  Exported exported(small_facts());
  std::string hub = "model.layers.0.linear_attn.in_proj_qkvz.weight";
  // Per key head: 32 rows of q, 32 of k, 2 x 16 of v, as many of z.
  EXPECT_EQ(exported.written_row("blk.0.attn_qkv.weight", 3), exported.row(hub, 3));
  EXPECT_EQ(exported.written_row("blk.0.attn_qkv.weight", 32 + 3), exported.row(hub, 128 + 3));
  EXPECT_EQ(exported.written_row("blk.0.attn_qkv.weight", 64 + 3), exported.row(hub, 32 + 3));
  EXPECT_EQ(exported.written_row("blk.0.attn_qkv.weight", 128 + 32 + 3), exported.row(hub, 128 + 64 + 3));
  EXPECT_EQ(exported.written_row("blk.0.attn_gate.weight", 3), exported.row(hub, 96 + 3));
  EXPECT_EQ(exported.written_row("blk.0.attn_gate.weight", 32 + 3), exported.row(hub, 128 + 96 + 3));
}

TEST(GgufExport, ChangesValuesAsOtherConvertersDo) {
  Exported exported(small_facts());
  std::vector<float> a_log = exported.row("model.layers.1.linear_attn.A_log", 0),
                     norm = exported.row("model.layers.1.input_layernorm.weight", 0);
  EXPECT_EQ(exported.written_row("blk.1.ssm_a", 0)[2], -std::exp(a_log[2]));
  EXPECT_EQ(exported.written_row("blk.1.attn_norm.weight", 0)[2], norm[2] + 1.0f);
  EXPECT_EQ(exported.written_row("blk.1.ssm_norm.weight", 0),
            exported.row("model.layers.1.linear_attn.norm.weight", 0));
  EXPECT_EQ(exported.written_row("blk.4.nextn.enorm.weight", 0)[1],
            exported.row("mtp.pre_fc_norm_embedding.weight", 0)[1] + 1.0f);
  EXPECT_EQ(exported.written_row("blk.3.ffn_down_exps.weight", 2 * 64 + 5),
            exported.row("model.layers.3.mlp.experts.2.down_proj.weight", 5));
  EXPECT_EQ(exported.file->tensors().at("blk.3.ffn_down_exps.weight").shape, (std::vector<int64_t>{3, 64, 32}));
  EXPECT_EQ(exported.file->tensors().at("blk.0.ssm_conv1d.weight").shape, (std::vector<int64_t>{192, 4}));
  EXPECT_EQ(exported.file->tensors().at("blk.0.ffn_gate_inp_shexp.weight").shape, std::vector<int64_t>{64});
}

TEST(GgufExport, QuantisesMatricesAndLeavesTheRest) {
  Exported exported(small_facts(), "q4_0");
  auto type_of = [&](const char* name) { return exported.file->tensors().at(name).dtype; };
  EXPECT_EQ(type_of("blk.0.attn_qkv.weight"), DType::kQ4_0);
  EXPECT_EQ(type_of("blk.0.ffn_up_exps.weight"), DType::kQ4_0);
  EXPECT_EQ(type_of("output.weight"), DType::kQ8_0);  // q6_k would need rows of 256
  for (const char* name :
       {"blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "blk.0.ffn_gate_inp_shexp.weight",
        "blk.0.ssm_conv1d.weight", "blk.0.ssm_a", "blk.0.ssm_dt.bias", "output_norm.weight"})
    EXPECT_EQ(type_of(name), DType::kF32) << name;
}

TEST(GgufExport, RefusesSourcesThatDoNotFit) {
  Qwen3NextFacts facts = small_facts(), larger = facts;
  RandomSource source = synthetic_tensors(facts, 1);
  MatrixTypes types;
  larger.layers = 5, larger.mixers.push_back("linear"), larger.ffns.push_back("sparse");
  EXPECT_EQ(refusal_of(qwen3_next_gguf_outputs(larger, source, types)),
            "tensor model.layers.4.input_layernorm.weight: is not in the checkpoint, expected one");
  larger = facts, larger.vocabulary = 33;
  EXPECT_EQ(refusal_of(qwen3_next_gguf_outputs(larger, source, types)),
            "tensor model.embed_tokens.weight: is of another shape than the configuration says");
}

TEST(GgufExport, SaysThatThereIsNoTokenizer) {
  GgufPairs pairs;
  ASSERT_TRUE(add_gguf_tokenizer(small_facts(), pairs).ok());
  TempDir dir;
  auto writer = TensorWriter::gguf(dir / "t.gguf", pairs, {});
  ASSERT_TRUE(writer.value().finish().ok());
  auto file = Gguf::open(dir / "t.gguf");
  ASSERT_TRUE(file.ok()) << refusal_of(file);
  EXPECT_EQ(file.value()->metadata().get_text("tokenizer.ggml.model").value(), "none");
}

TEST(GgufExport, KeepsTheTokenizer) {
  std::string directory = TENON_SOURCE "/models/demo";
  auto hub = HubConfig::open(directory);
  ASSERT_TRUE(hub.ok()) << refusal_of(hub);
  Qwen3NextFacts facts = std::move(read_qwen3_next(hub.value())).value();
  facts.vocabulary += 8;  // as published models do
  GgufPairs pairs;
  Status added = add_gguf_tokenizer(facts, pairs);
  ASSERT_TRUE(added.ok()) << refusal_of(added);
  TempDir dir;
  auto writer = TensorWriter::gguf(dir / "t.gguf", pairs, {});
  EXPECT_TRUE(writer.value().finish().ok());
  Tokenizer before = std::move(Tokenizer::load(directory + "/tokenizer.json")).value();
  auto after = Tokenizer::load(dir / "t.gguf");
  ASSERT_TRUE(after.ok()) << refusal_of(after);
  EXPECT_EQ(after.value().vocabulary_size(), before.vocabulary_size());
  for (int32_t id = 0; id < before.vocabulary_size(); ++id) {
    EXPECT_EQ(after.value().bytes_of(id), before.bytes_of(id)) << id;
    EXPECT_EQ(after.value().is_special(id), before.is_special(id)) << id;
  }
  std::string text = "<|im_start|>user\nWas kostet ein Brötchen, 12345?<|im_end|>\n<think> I've";
  EXPECT_EQ(after.value().encode(text).value(), before.encode(text).value());
}

}  // namespace
}  // namespace tenon::testing
