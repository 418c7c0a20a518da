// From a config.json to a description, and on to what the core makes of it.
#include "hub_directory.hpp"

#include <importers/checkpoint_description.hpp>

#include <tenon/model/description.hpp>

namespace tenon::testing {
namespace {

struct Refusal {
  const char *changes, *text;
};

// The description of a directory as the core reads it, and the TOML in between.
struct Described {
  std::string toml;
  ModelDescription model;
};

Described describe(const HubDirectory& directory) {
  auto toml = describe_checkpoint(directory.path());
  EXPECT_TRUE(toml.ok()) << toml.error().text;
  if (!toml.ok()) return {};
  auto model = parse_description(toml.value(), "m.toml", "/elsewhere");
  EXPECT_TRUE(model.ok()) << model.error().text << "\n" << toml.value();
  return {toml.value(), model.ok() ? model.value() : ModelDescription{}};
}

ModelDescription describe(const std::string& changes) {
  return describe(HubDirectory(changed_config(changes))).model;
}

std::string refusal(const std::string& changes) {
  HubDirectory directory(changed_config(changes));
  return directory.refusal(describe_checkpoint(directory.path()));
}

void expect_refusals(std::initializer_list<Refusal> refusals) {
  for (const auto& [changes, text] : refusals)
    EXPECT_EQ(refusal(changes), std::string("D/config.json: ") + text);
}

template <class Value>
Value setting(const PluginUse& use, const std::string& key) {
  auto found = use.config.entries.find(key);
  EXPECT_NE(found, use.config.entries.end()) << key;
  return found == use.config.entries.end() ? Value{} : std::get<Value>(found->second.value);
}

// "full sparse", one per layer.
std::vector<std::string> layers_of(const ModelDescription& model) {
  std::vector<std::string> layers;
  for (const LayerRoles& layer : model.layers) layers.push_back(layer.mixer + " " + layer.experts);
  return layers;
}

TEST(Qwen3Next, DescribesTheModel) {
  ModelDescription model = describe("{}");
  EXPECT_EQ(model.model_dim, 64u);
  EXPECT_EQ(model.vocabulary, 512u);
  EXPECT_EQ(model.context_max, 4096u);
  EXPECT_EQ(model.norm_eps, 1e-6);
  EXPECT_EQ(model.norm_offset, 1.0);
  EXPECT_EQ(layers_of(model),
            (std::vector<std::string>{"linear sparse", "linear sparse", "linear sparse", "full sparse"}));
  EXPECT_FALSE(model.speculative);
  EXPECT_FALSE(model.weights.path);
  EXPECT_EQ(model.weights.storage.dtype, DType::kBF16);
  EXPECT_EQ(model.generation.eos, std::vector<int32_t>{2});
}

TEST(Qwen3Next, DescribesEveryPart) {
  ModelDescription model = describe("{}");
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
  EXPECT_EQ(setting<int64_t>(sparse, "experts"), 16);
  EXPECT_EQ(setting<int64_t>(sparse, "top_k"), 3);
  EXPECT_EQ(setting<int64_t>(sparse, "expert_dim"), 24);
  EXPECT_EQ(setting<int64_t>(sparse, "shared_dim"), 40);
  EXPECT_EQ(model.experts.count("dense"), 0u);
  EXPECT_EQ(model.position->rotary_dim, 8u);
  EXPECT_EQ(setting<double>(model.position->use, "theta"), 1e7);
}

TEST(Qwen3Next, DescribesTheSameFileInTheSameWords) {
  HubDirectory directory;
  EXPECT_EQ(describe(directory).toml, describe(directory).toml);
}

TEST(Qwen3Next, RefusesMissingValues) {
  expect_refusals(
      {{R"({"hidden_size": null})", "hidden_size is not given, must be a whole number from 1 to 1048576"},
       {R"({"num_hidden_layers": null})",
        "num_hidden_layers is not given, must be a whole number from 1 to 4096"},
       {R"({"vocab_size": null})", "vocab_size is not given, must be a whole number from 1 to 16777216"},
       {R"({"head_dim": null})", "head_dim is not given, must be a whole number from 1 to 1048576"},
       {R"({"num_experts": null})", "num_experts is not given, must be a whole number from 0 to 65536"},
       {R"({"num_experts_per_tok": null})",
        "num_experts_per_tok is not given, must be a whole number from 1 to 16"},
       {R"({"moe_intermediate_size": null})",
        "moe_intermediate_size is not given, must be a whole number from 1 to 1048576"},
       {R"({"num_experts": 0, "intermediate_size": null})",
        "intermediate_size is not given, must be a whole number from 1 to 1048576"},
       {R"({"model_type": null})", "model_type is not given, must be a string"}});
}

TEST(Qwen3Next, RefusesWrongTypesAndRanges) {
  expect_refusals(
      {{R"({"hidden_size": "64"})", "hidden_size is \"64\", must be a whole number from 1 to 1048576"},
       {R"({"hidden_size": 0})", "hidden_size is 0, must be a whole number from 1 to 1048576"},
       {R"({"num_hidden_layers": 4097})", "num_hidden_layers is 4097, must be a whole number from 1 to 4096"},
       {R"({"max_position_embeddings": -1})",
        "max_position_embeddings is -1, must be a whole number from 1 to 16777216"},
       {R"({"rms_norm_eps": "NaN"})", "rms_norm_eps is \"NaN\", must be a number from 0.0 to 1.0"},
       {R"({"rope_theta": 0})", "rope_theta is 0, must be a number from 1.0 to 1000000000000.0"},
       {R"({"tie_word_embeddings": "no"})", "tie_word_embeddings is \"no\", must be true or false"},
       {R"({"attention_bias": 1})", "attention_bias is 1, must be true or false"},
       {R"({"hidden_act": "gelu"})", "hidden_act is \"gelu\", must be \"silu\""},
       {R"({"torch_dtype": "int8"})", "torch_dtype is \"int8\", must be bfloat16, float16 or float32"},
       {R"({"dtype": "int8"})", "dtype is \"int8\", must be bfloat16, float16 or float32"},
       {R"({"linear_conv_kernel_dim": 1})", "linear_conv_kernel_dim is 1, must be a whole number from 2 to 16"},
       {R"({"eos_token_id": [2, 512]})", "eos_token_id is 512, must be whole numbers from 0 to 511"}});
}

TEST(Qwen3Next, RefusesValuesThatContradictEachOther) {
  expect_refusals(
      {{R"({"num_experts_per_tok": 17})", "num_experts_per_tok is 17, must be a whole number from 1 to 16"},
       {R"({"mlp_only_layers": [4]})", "mlp_only_layers is 4, must be whole numbers from 0 to 3"},
       {R"({"layer_types": ["full_attention"]})",
        "layer_types is [\"full_attention\"], must be a list with one entry per layer"},
       {R"({"layer_types": ["full_attention", "x", "full_attention", "full_attention"]})",
        "layer_types is \"x\", must be \"full_attention\" or \"linear_attention\""},
       {R"({"head_dim": 30, "partial_rotary_factor": 0.5})",
        "partial_rotary_factor is 0.5, must be such that an even number of dimensions of a head turn"}});
}

TEST(Qwen3Next, DenseLayersStandWhereTheFileSaysSo) {
  EXPECT_EQ(layers_of(describe(R"({"mlp_only_layers": [1, 3]})")),
            (std::vector<std::string>{"linear sparse", "linear dense", "linear sparse", "full dense"}));
  EXPECT_EQ(layers_of(describe(R"({"decoder_sparse_step": 2})")),
            (std::vector<std::string>{"linear dense", "linear sparse", "linear dense", "full sparse"}));
  EXPECT_EQ(layers_of(describe(R"({"decoder_sparse_step": 2, "mlp_only_layers": [3]})")),
            (std::vector<std::string>{"linear dense", "linear sparse", "linear dense", "full dense"}));
  ModelDescription dense = describe(R"({"num_experts": 0})");
  EXPECT_EQ(layers_of(dense),
            (std::vector<std::string>{"linear dense", "linear dense", "linear dense", "full dense"}));
  EXPECT_EQ(setting<int64_t>(dense.experts.at("dense").use, "inner_dim"), 96);
  EXPECT_EQ(dense.experts.count("sparse"), 0u);
}

TEST(Qwen3Next, LayerTypesGoBeforeTheInterval) {
  ModelDescription model = describe(
      R"({"layer_types": ["full_attention", "linear_attention", "linear_attention", "full_attention"]})");
  EXPECT_EQ(layers_of(model),
            (std::vector<std::string>{"full sparse", "linear sparse", "linear sparse", "full sparse"}));
}

TEST(Qwen3Next, ANumberOfLayersThatIsNoMultipleOfThePatternKeepsItsEnd) {
  ModelDescription model = describe(R"({"num_hidden_layers": 5, "full_attention_interval": 2})");
  EXPECT_EQ(layers_of(model), (std::vector<std::string>{"linear sparse", "full sparse", "linear sparse",
                                                        "full sparse", "linear sparse"}));
}

TEST(Qwen3Next, TiedEmbeddingsServeAsTheHead) {
  EXPECT_EQ(describe("{}").weights.model.names.at("head"), "lm_head.weight");
  EXPECT_EQ(describe(R"({"tie_word_embeddings": true})").weights.model.names.at("head"),
            "model.embed_tokens.weight");
}

TEST(Qwen3Next, BiasesOfAttentionAreNamedWhereThereAreSome) {
  EXPECT_EQ(describe("{}").mixers.at("full").weights.names.count("q_bias"), 0u);
  EXPECT_EQ(describe(R"({"attention_bias": true})").mixers.at("full").weights.names.at("q_bias"),
            "self_attn.q_proj.bias");
}

TEST(Qwen3Next, AModelWithoutASharedExpertNamesNone) {
  ModelDescription model = describe(R"({"shared_expert_intermediate_size": 0})");
  EXPECT_EQ(setting<int64_t>(model.experts.at("sparse").use, "shared_dim"), 0);
  for (const auto& [name, tensor] : model.experts.at("sparse").weights.names)
    EXPECT_FALSE(name.starts_with("shared")) << name;
}

// Both spellings of the same thing.
TEST(Qwen3Next, YarnStretchesTheContext) {
  for (const char* changes :
       {R"({"rope_scaling": {"type": "yarn", "factor": 4.0, "beta_fast": 16, "truncate": false}})",
        R"({"rope_theta": null, "partial_rotary_factor": null,
            "rope_parameters": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 16, "truncate": false,
                                "original_max_position_embeddings": 4096, "rope_theta": 1e7,
                                "partial_rotary_factor": 0.25}})"}) {
    ModelDescription model = describe(changes);
    EXPECT_EQ(model.context_max, 16384u);
    EXPECT_EQ(model.position->use.plugin, "yarn");
    EXPECT_EQ(model.position->rotary_dim, 8u);
    EXPECT_EQ(setting<double>(model.position->use, "theta"), 1e7);
    EXPECT_EQ(setting<double>(model.position->use, "factor"), 4.0);
    EXPECT_EQ(setting<double>(model.position->use, "beta_fast"), 16.0);
    EXPECT_EQ(setting<int64_t>(model.position->use, "original_context"), 4096);
    EXPECT_EQ(setting<bool>(model.position->use, "truncate"), false);
  }
  EXPECT_EQ(describe(R"({"rope_scaling": {"rope_type": "yarn", "factor": 1e6}})").context_max, 1u << 24);
  EXPECT_EQ(describe(R"({"rope_scaling": {"rope_type": "default"}})").position->use.plugin, "rope");
}

TEST(Qwen3Next, RefusesRotaryEncodingsThatItDoesNotKnow) {
  expect_refusals({{R"({"rope_scaling": {"type": "linear", "factor": 2}})",
                    "rope_scaling.type is \"linear\", must be \"default\" or \"yarn\""},
                   {R"({"rope_parameters": {"rope_type": "llama3"}})",
                    "rope_parameters.rope_type is \"llama3\", must be \"default\" or \"yarn\""},
                   {R"({"rope_scaling": "yarn"})", "rope_scaling is \"yarn\", must be an object"},
                   {R"({"rope_scaling": {"type": "yarn"}})",
                    "rope_scaling.factor is not given, must be a number from 1.0 to 1000000.0"},
                   {R"({"rope_scaling": {"type": "yarn", "factor": 0.5}})",
                    "rope_scaling.factor is 0.5, must be a number from 1.0 to 1000000.0"},
                   {R"({"rope_scaling": {"type": "yarn", "factor": 2, "beta_slow": "slow"}})",
                    "rope_scaling.beta_slow is \"slow\", must be a number from 0.0 to 1000000000.0"}});
}

TEST(Qwen3Next, Fp8MatricesAreSaidToBeSuch) {
  ModelDescription model = describe(R"({"quantization_config": {"quant_method": "fp8",
      "weight_block_size": [128, 128],
      "modules_to_not_convert": ["lm_head", "model.layers.0.mlp.gate", "model.layers.17.mlp.gate",
                                 "model.layers.0.input_layernorm", "model.layers.0.linear_attn.conv1d"]}})");
  EXPECT_EQ(model.weights.storage.matrices, DType::kF8E4M3);
  EXPECT_EQ(model.weights.storage.except,
            (std::vector<std::string>{"lm_head.weight", "model.embed_tokens.weight",
                                      "model.layers.*.mlp.gate.weight"}));
  EXPECT_FALSE(describe("{}").weights.storage.matrices);
}

TEST(Qwen3Next, IntegersInGroupsAreSaidToBeSuch) {
  auto storage_of = [](const std::string& config) {
    return describe(R"({"quantization_config": )" + config + "}").weights.storage;
  };
  StorageOptions packed = storage_of(R"({"quant_method": "compressed-tensors", "format": "pack-quantized",
      "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": null,
          "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": true}}},
      "ignore": ["lm_head", "re:.*\\.mlp\\.gate$", "model.layers.3.mlp.shared_expert_gate"]})");
  EXPECT_EQ(packed.matrices, DType::kInt4_32);
  EXPECT_EQ(packed.except,
            (std::vector<std::string>{"*.mlp.gate.weight", "lm_head.weight", "model.embed_tokens.weight",
                                      "model.layers.*.mlp.shared_expert_gate.weight"}));
  EXPECT_EQ(storage_of(R"({"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups":
      {"a": {"weights": {"num_bits": 8, "strategy": "channel"}}}})")
                .matrices,
            DType::kInt8);
  StorageOptions gptq = storage_of(R"({"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": false,
      "sym": true, "checkpoint_format": "gptq"})");
  EXPECT_EQ(gptq.matrices, DType::kInt4);
  EXPECT_EQ(gptq.gptq_version, GptqVersion::kLessOne);
  EXPECT_EQ(
      storage_of(R"({"quant_method": "gptq", "bits": 4, "group_size": 64, "checkpoint_format": "gptq_v2"})")
          .gptq_version,
      GptqVersion::kAsTheyAre);
  EXPECT_EQ(storage_of(R"({"quant_method": "auto-round", "bits": 8, "group_size": 64, "sym": true,
      "packing_format": "auto_round:auto_gptq"})")
                .matrices,
            DType::kInt8_32);
}

TEST(Qwen3Next, RefusesIntegersThatNoReaderKnows) {
  const std::string begin = R"({"quantization_config": {"quant_method": "compressed-tensors",
      "format": "pack-quantized", "config_groups": {"g": {"weights": )";
  std::string width = begin + R"({"num_bits": 3}}}}})",
              size = begin + R"({"num_bits": 4, "group_size": 48}}}}})",
              type = begin + R"({"num_bits": 4, "type": "float"}}}}})";
  const std::string where = "quantization_config.config_groups.g.weights.";
  std::string no_width = where + "num_bits is 3, must be 4 or 8",
              no_size = where + "group_size is 48, must be a multiple of 32, or -1 for whole rows",
              no_type = where + "type is \"float\", must be \"int\"";
  expect_refusals(
      {{R"({"quantization_config": {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}})",
        "quantization_config.format is \"nvfp4-pack-quantized\", must be \"pack-quantized\""},
       {width.c_str(), no_width.c_str()},
       {size.c_str(), no_size.c_str()},
       {type.c_str(), no_type.c_str()},
       {R"({"quantization_config": {"quant_method": "gptq", "bits": 3, "group_size": 128}})",
        "quantization_config.bits is 3, must be 4 or 8"},
       {R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128,
            "checkpoint_format": "marlin"}})",
        "quantization_config.checkpoint_format is \"marlin\", must be \"gptq\" or \"gptq_v2\""},
       {R"({"quantization_config": {"quant_method": "auto-round", "bits": 4, "group_size": 128,
            "packing_format": "auto_round:auto_awq"}})",
        "quantization_config.packing_format is \"auto_round:auto_awq\", must be \"auto_round:auto_gptq\""}});
}

TEST(Qwen3Next, RefusesOtherQuantisations) {
  expect_refusals({{R"({"quantization_config": "fp8"})", "quantization_config is \"fp8\", must be an object"},
                   {R"({"quantization_config": {"bits": 4}})",
                    "quantization_config.quant_method is not given, must be a string"},
                   {R"({"quantization_config": {"quant_method": "awq"}})",
                    "quantization_config.quant_method is \"awq\", must be \"fp8\", \"compressed-tensors\", "
                    "\"gptq\" or \"auto-round\""},
                   {R"({"quantization_config": {"quant_method": "fp8"}})",
                    "quantization_config.weight_block_size is not given, must be [128, 128]"},
                   {R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [64, 128]}})",
                    "quantization_config.weight_block_size is [64,128], must be [128, 128]"},
                   {R"({"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128],
            "modules_to_not_convert": [7]}})",
                    "quantization_config.modules_to_not_convert is 7, must be strings"}});
}

TEST(Qwen3Next, GenerationDefaultsComeFromTheirFile) {
  HubDirectory directory;
  directory.write("generation_config.json",
                  R"({"do_sample": true, "temperature": 0.7, "top_k": 20, "top_p": 0.8, "min_p": 0.05,
                      "repetition_penalty": 1.05, "eos_token_id": [7, 8]})");
  GenerationSection generation = describe(directory).model.generation;
  EXPECT_EQ(generation.temperature, 0.7);
  EXPECT_EQ(generation.top_k, 20);
  EXPECT_EQ(generation.top_p, 0.8);
  EXPECT_EQ(generation.min_p, 0.05);
  EXPECT_EQ(generation.repetition_penalty, 1.05);
  EXPECT_EQ(generation.eos, (std::vector<int32_t>{7, 8}));

  directory.write("generation_config.json",
                  R"({"do_sample": false, "temperature": 0.7, "eos_token_id": null})");
  generation = describe(directory).model.generation;
  EXPECT_EQ(generation.temperature, 0.0);
  EXPECT_EQ(generation.eos, std::vector<int32_t>{2});

  directory.write("generation_config.json", R"({"temperature": "hot"})");
  EXPECT_EQ(directory.refusal(describe_checkpoint(directory.path())),
            "D/generation_config.json: temperature is \"hot\", must be a number from 0.0 to 100.0");
}

TEST(Qwen3Next, TextIsFoundBesideTheConfig) {
  HubDirectory directory;
  EXPECT_TRUE(describe(directory).model.text.tokenizer.empty());
  directory.write("tokenizer.json", "{}");
  directory.write("tokenizer_config.json",
                  R"({"chat_template": "x", "bos_token": null, "eos_token": {"content": "<|\"end\"|>\n"}})");
  TextSection text = describe(directory).model.text;
  EXPECT_EQ(text.tokenizer, directory / "tokenizer.json");
  EXPECT_EQ(text.chat_template, directory.path());
  EXPECT_EQ(text.bos_token, "");
  EXPECT_EQ(text.eos_token, "<|\"end\"|>\n");
  directory.write("chat_template.jinja", "x");
  EXPECT_EQ(describe(directory).model.text.chat_template, directory / "chat_template.jinja");
}

TEST(Qwen3Next, ADirectorysNameStaysAName) {
  TempDir parent;
  std::filesystem::path odd = parent / "a\"b\\c\n[engine]\nsequences_max = 3 # ";
  std::filesystem::create_directory(odd);
  std::ofstream(odd / "config.json") << small_config().dump();
  std::ofstream(odd / "tokenizer.json") << "{}";
  auto toml = describe_checkpoint(odd);
  ASSERT_TRUE(toml.ok()) << toml.error().text;
  auto model = parse_description(toml.value(), "m.toml", "/elsewhere");
  ASSERT_TRUE(model.ok()) << model.error().text;
  EXPECT_EQ(model.value().name, odd.filename());
  EXPECT_EQ(model.value().text.tokenizer, odd / "tokenizer.json");
  EXPECT_EQ(model.value().engine.sequences_max, 8u);
}

// Every checkpoint that comes with the project, with its weights: mtp is found by its tensors.
TEST(Qwen3Next, DescribesEveryFixture) {
  for (const auto& entry : std::filesystem::directory_iterator(TENON_FIXTURES)) {
    if (!std::filesystem::exists(entry.path() / "model.safetensors")) continue;
    auto toml = describe_checkpoint(entry.path());
    ASSERT_TRUE(toml.ok()) << toml.error().text;
    auto model = parse_description(toml.value(), "m.toml", "/elsewhere");
    ASSERT_TRUE(model.ok()) << model.error().text;
    EXPECT_EQ(model.value().weights.path, std::filesystem::canonical(entry.path()));
  }
}

}  // namespace
}  // namespace tenon::testing
