// From a GGUF file's metadata and tensor names to a description.
#include <tests/testing/gguf_file.hpp>
#include <tests/testing/temp_dir.hpp>

#include <importers/checkpoint_description.hpp>

#include <tenon/model/description.hpp>

namespace tenon::testing {
namespace {

enum class Layout { kNew, kOld };

// Numbers of a small model, each of which a test may give another value.
std::map<std::string, uint32_t> small_numbers() {
  return {{"block_count", 4},
          {"context_length", 4096},
          {"embedding_length", 64},
          {"feed_forward_length", 96},
          {"attention.head_count", 4},
          {"attention.head_count_kv", 2},
          {"attention.key_length", 32},
          {"rope.dimension_count", 8},
          {"expert_count", 16},
          {"expert_used_count", 3},
          {"expert_feed_forward_length", 24},
          {"ssm.conv_kernel", 4},
          {"ssm.state_size", 16},
          {"ssm.group_count", 2},
          {"ssm.time_step_rank", 4},
          {"ssm.inner_size", 32}};
}

// A file of four layers, the fourth with full attention. Only names and shapes count, so tensors are small.
struct Model {
  std::map<std::string, uint32_t> numbers = small_numbers();
  Layout layout = Layout::kNew;
  bool has_head = true;
  std::vector<std::string> more_tensors;
  GgufFile extra;  // pairs that follow
  std::string architecture = "qwen3next";

  std::string bytes() const {
    GgufFile file = extra;
    file.text("general.architecture", architecture).f32("qwen3next.rope.freq_base", 1e7f);
    file.f32("qwen3next.attention.layer_norm_rms_epsilon", 1e-6f);
    for (const auto& [key, value] : numbers) file.u32("qwen3next." + key, value);
    auto tensor = [&](const std::string& name, std::vector<uint64_t> dimensions = {1}) {
      uint64_t elements = 1;
      for (uint64_t dimension : dimensions) elements *= dimension;
      file.tensor(name, dimensions, 0, std::string(elements * 4, '\0'));
    };
    tensor("token_embd.weight", {1, 512});
    if (has_head) tensor("output.weight");
    for (int i = 0; i < 4; ++i) {
      std::string prefix = "blk." + std::to_string(i) + ".";
      tensor(prefix + (i == 3                   ? "attn_k.weight"
                       : layout == Layout::kNew ? "attn_qkv.weight"
                                                : "ssm_in.weight"));
      tensor(prefix + "ffn_up_shexp.weight", {1, 40});
    }
    for (const std::string& name : more_tensors) tensor(name);
    return file.bytes();
  }
};

ModelDescription describe(const Model& model) {
  TempDir dir;
  auto toml = describe_checkpoint(dir.write("x.gguf", model.bytes()));
  EXPECT_TRUE(toml.ok()) << refusal_of(toml);
  if (!toml.ok()) return {};
  auto description = parse_description(toml.value(), "m.toml", "/elsewhere");
  EXPECT_TRUE(description.ok()) << refusal_of(description) << "\n" << toml.value();
  return description.ok() ? description.value() : ModelDescription{};
}

std::string refusal(const Model& model) {
  TempDir dir;
  std::string path = dir.write("x.gguf", model.bytes());
  return replaced(refusal_of(describe_checkpoint(path)), path, "F");
}

template <class Value>
Value setting(const PluginUse& use, const std::string& key) {
  auto found = use.config.entries.find(key);
  EXPECT_NE(found, use.config.entries.end()) << key;
  return found == use.config.entries.end() ? Value{} : std::get<Value>(found->second.value);
}

TEST(Qwen3NextGguf, DescribesTheModel) {
  ModelDescription model = describe({});
  EXPECT_EQ(model.name, "x");
  EXPECT_EQ(model.model_dim, 64u);
  EXPECT_EQ(model.vocabulary, 512u);
  EXPECT_EQ(model.context_max, 4096u);
  EXPECT_EQ(model.norm_eps, 1e-6);
  EXPECT_EQ(model.norm_offset, 0.0);
  ASSERT_EQ(model.layers.size(), 4u);
  EXPECT_EQ(model.layers[2].mixer, "linear");
  EXPECT_EQ(model.layers[3].mixer, "full");
  EXPECT_EQ(model.layers[3].experts, "sparse");
  EXPECT_EQ(model.weights.path->filename(), "x.gguf");
  EXPECT_EQ(model.weights.model.names.at("head"), "output.weight");
  EXPECT_FALSE(model.speculative);
  EXPECT_TRUE(model.text.tokenizer.empty());
}

TEST(Qwen3NextGguf, DescribesEveryPart) {
  ModelDescription model = describe({});
  const PluginUse &full = model.mixers.at("full").use, &linear = model.mixers.at("linear").use,
                  &sparse = model.experts.at("sparse").use;
  EXPECT_EQ(setting<int64_t>(full, "heads"), 4);
  EXPECT_EQ(setting<int64_t>(full, "kv_heads"), 2);
  EXPECT_EQ(setting<int64_t>(full, "head_dim"), 32);
  EXPECT_EQ(setting<bool>(full, "bias"), false);
  EXPECT_EQ(setting<int64_t>(linear, "key_heads"), 2);
  EXPECT_EQ(setting<int64_t>(linear, "value_heads"), 4);
  EXPECT_EQ(setting<int64_t>(linear, "key_dim"), 16);
  EXPECT_EQ(setting<int64_t>(linear, "value_dim"), 8);
  EXPECT_EQ(setting<std::string>(linear, "projections"), "split");
  EXPECT_EQ(setting<std::string>(linear, "decay"), "A");
  EXPECT_EQ(model.mixers.at("linear").weights.names.at("in_proj_z"), "attn_gate.weight");
  EXPECT_EQ(model.mixers.at("linear").weights.names.at("A"), "ssm_a");
  EXPECT_EQ(setting<int64_t>(sparse, "experts"), 16);
  EXPECT_EQ(setting<int64_t>(sparse, "top_k"), 3);
  EXPECT_EQ(setting<int64_t>(sparse, "shared_dim"), 40);
  EXPECT_EQ(model.position->rotary_dim, 8u);
  EXPECT_EQ(setting<double>(model.position->use, "theta"), 1e7);
}

TEST(Qwen3NextGguf, KnowsTheOlderLayoutByItsTensors) {
  Model old;
  old.layout = Layout::kOld;
  const Role linear = describe(old).mixers.at("linear");
  EXPECT_FALSE(linear.use.config.entries.contains("projections"));
  EXPECT_EQ(setting<std::string>(linear.use, "decay"), "A");
  EXPECT_EQ(linear.weights.names.at("in_proj_qkvz"), "ssm_in.weight");
  EXPECT_FALSE(linear.weights.names.contains("in_proj_qkv"));
}

TEST(Qwen3NextGguf, TiesTheHeadToTheEmbeddingWhereThereIsNone) {
  Model tied;
  tied.has_head = false;
  EXPECT_EQ(describe(tied).weights.model.names.at("head"), "token_embd.weight");
}

TEST(Qwen3NextGguf, FindsTheHeadThatGuessesAhead) {
  Model model;
  model.numbers["block_count"] = 5, model.numbers["nextn_predict_layers"] = 1;
  EXPECT_FALSE(describe(model).speculative);  // the key alone: files without its tensors exist
  model.more_tensors = {"blk.4.nextn.eh_proj.weight", "blk.4.nextn.embed_tokens.weight"};
  ModelDescription found = describe(model);
  EXPECT_EQ(found.layers.size(), 4u);
  ASSERT_TRUE(found.speculative);
  EXPECT_EQ(found.speculative->layer_prefix, "blk.4.");
  EXPECT_EQ(found.speculative->weights.names.at("hidden_norm"), "blk.4.nextn.hnorm.weight");
  EXPECT_EQ(found.weights.storage.ignore, std::vector<std::string>{"blk.4.nextn.embed_tokens.weight"});
}

TEST(Qwen3NextGguf, StretchesTheContextByYarn) {
  Model model;
  model.extra.text("qwen3next.rope.scaling.type", "yarn").f32("qwen3next.rope.scaling.factor", 4.0f);
  model.extra.u32("qwen3next.rope.scaling.original_context_length", 2048);
  ModelDescription stretched = describe(model);
  EXPECT_EQ(stretched.context_max, 8192u);
  EXPECT_EQ(stretched.position->use.plugin, "yarn");
  EXPECT_EQ(setting<double>(stretched.position->use, "factor"), 4.0);
  EXPECT_EQ(setting<int64_t>(stretched.position->use, "original_context"), 2048);
}

TEST(Qwen3NextGguf, FindsTextAndWhereAnswersEnd) {
  Model model;
  model.extra.texts("tokenizer.ggml.tokens", {"a", "<|endoftext|>", "<|im_end|>"})
      .u32("tokenizer.ggml.eos_token_id", 2);
  model.extra.text("tokenizer.chat_template", "x").f32("general.sampling.temp", 0.7f);
  ModelDescription found = describe(model);
  EXPECT_EQ(found.generation.eos, (std::vector<int32_t>{2, 1}));
  EXPECT_EQ(found.generation.temperature, 0.7);
  EXPECT_EQ(found.text.tokenizer.filename(), "x.gguf");
  EXPECT_EQ(found.text.chat_template.filename(), "x.gguf");
  EXPECT_EQ(found.text.eos_token, "<|im_end|>");
}

TEST(Qwen3NextGguf, RefusesWhatMakesNoSense) {
  auto with = [](const std::string& key, uint32_t value) {
    Model model;
    model.numbers[key] = value;
    return refusal(model);
  };
  auto without = [](const std::string& key) {
    Model model;
    model.numbers.erase(key);
    return refusal(model);
  };
  EXPECT_EQ(with("embedding_length", 0),
            "F: qwen3next.embedding_length is 0, expected a whole number from 1 to 1048576");
  EXPECT_EQ(without("block_count"),
            "F: qwen3next.block_count is not given, expected a whole number from 1 to 4096");
  EXPECT_EQ(with("nextn_predict_layers", 2),
            "F: qwen3next.nextn_predict_layers is 2, expected a whole number from 0 to 1");
  EXPECT_EQ(with("ssm.inner_size", 30),
            "F: qwen3next.ssm.inner_size is 30, expected a multiple of ssm.time_step_rank, 4");
  EXPECT_EQ(with("rope.dimension_count", 7), "F: qwen3next.rope.dimension_count is 7, expected an even number");
  EXPECT_EQ(with("expert_used_count", 17),
            "F: qwen3next.expert_used_count is 17, expected a whole number from 1 to 16");
  Model other, scaled;
  other.architecture = "llama";
  EXPECT_EQ(refusal(other), "F: general.architecture is \"llama\", expected one of qwen3next");
  scaled.extra.text("qwen3next.rope.scaling.type", "longrope");
  EXPECT_EQ(refusal(scaled), "F: qwen3next.rope.scaling.type is \"longrope\", expected none or yarn");
}

}  // namespace
}  // namespace tenon::testing
