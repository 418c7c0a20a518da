#include "description_text.hpp"

namespace tenon::testing {
namespace {

TEST(Description, ReadsEverySection) {
  auto parsed = parse(kDescription);
  ASSERT_TRUE(parsed.ok()) << parsed.error().text;
  const ModelDescription& model = parsed.value();
  EXPECT_EQ(model.name, "small");
  EXPECT_EQ(model.file, "m.toml");
  EXPECT_EQ(model.model_dim, 64u);
  EXPECT_EQ(model.vocabulary, 256u);
  EXPECT_EQ(model.context_max, 4096u);
  EXPECT_EQ(model.norm_eps, 1e-6);
  EXPECT_EQ(model.norm_offset, 1.0);
  EXPECT_EQ(model.device, "cpu");
  ASSERT_TRUE(model.position.has_value());
  EXPECT_EQ(model.position->use.plugin, "turning");
  EXPECT_EQ(model.position->rotary_dim, 16u);
  ASSERT_TRUE(model.speculative.has_value());
  EXPECT_EQ(model.speculative->use.plugin, "guess");
  EXPECT_EQ(model.speculative->layer_prefix, "mtp.{layer}.");
  EXPECT_EQ(model.speculative->draft_tokens, 3u);
  EXPECT_EQ(model.speculative->weights.names.at("fc"), "mtp.fc.weight");
  EXPECT_EQ(model.engine.sequences_max, 4u);
  EXPECT_EQ(model.engine.tokens_per_step, 128u);
  EXPECT_EQ(model.engine.context, 2048u);
  EXPECT_EQ(model.engine.memory, 1u << 20);
  EXPECT_EQ(model.engine.threads, 2u);
  EXPECT_EQ(model.generation.temperature, 0.7);
  EXPECT_EQ(model.generation.top_k, 20);
  EXPECT_EQ(model.generation.presence_penalty, -0.5);
  EXPECT_EQ(model.generation.eos, (std::vector<int32_t>{1, 255}));
  EXPECT_EQ(model.text.tokenizer, "/models/tokenizer.json");
  EXPECT_EQ(model.text.chat_template, "/templates/chat.jinja");
  EXPECT_EQ(model.text.bos_token, "<s>");
}

TEST(Description, GivesPluginsTheRestOfTheirTableWithPlaces) {
  const ModelDescription model = parse(kDescription).value();
  const PluginUse& use = model.mixers.at("linear").use;
  EXPECT_EQ(use.plugin, "delta");
  EXPECT_EQ(" (" + use.place.text() + ")", place_in(kDescription, "\"delta\""));
  ASSERT_EQ(use.config.entries.size(), 2u);
  EXPECT_EQ(std::get<int64_t>(use.config.entries.at("heads").value), 4);
  EXPECT_EQ(std::get<double>(use.config.entries.at("decay").value), 0.5);
  EXPECT_EQ(" (" + use.config.entries.at("decay").place.text() + ")", place_in(kDescription, "0.5\n"));
  EXPECT_EQ(std::get<bool>(model.experts.at("sparse").use.config.entries.at("normalise").value), true);
  EXPECT_EQ(std::get<std::string>(model.experts.at("sparse").use.config.entries.at("kind").value), "top");
  EXPECT_EQ(std::get<int64_t>(model.cache.config.entries.at("unit").value), 64);
  EXPECT_EQ(std::get<double>(model.position->use.config.entries.at("theta").value), 1e4);
  EXPECT_FALSE(model.position->use.config.entries.contains("rotary_dim"));
}

TEST(Description, RepeatsThePatternAndChangesSingleLayers) {
  const ModelDescription model = parse(kDescription).value();
  ASSERT_EQ(model.layers.size(), 8u);
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(model.layers[i].mixer, i % 2 ? "full" : "linear") << i;
    EXPECT_EQ(model.layers[i].experts, i == 0 || i == 7 ? "dense" : "sparse") << i;
  }
  EXPECT_EQ(parse(changed("count = 8", "count = 9")).value().layers[8].mixer, "linear");
}

TEST(Description, ReadsWeightsRelativeToItsDirectory) {
  const WeightsSection weights = parse(kDescription).value().weights;
  EXPECT_EQ(weights.path, "/models/model");
  EXPECT_EQ(weights.storage.dtype, DType::kF16);
  EXPECT_EQ(weights.storage.matrices, DType::kF8E4M3);
  EXPECT_EQ(weights.storage.except, std::vector<std::string>{"*.router"});
  EXPECT_EQ(weights.storage.scale_suffix, "_scale");
  EXPECT_EQ(weights.storage.ignore, std::vector<std::string>{"vision.*"});
  EXPECT_EQ(weights.layer_prefix, "layers.{layer}.");
  EXPECT_EQ(weights.model.names.at("head"), "head.weight");
  EXPECT_EQ(weights.model.title, "weights.model");
  EXPECT_EQ(weights.layer.names.size(), 2u);
  EXPECT_EQ(parse(changed("path = \"model\"", "path = \"/data\"")).value().weights.path, "/data");
  EXPECT_FALSE(parse(changed("path = \"model\"\n", "")).value().weights.path.has_value());
}

TEST(Description, ReadsHowWeightsAreKept) {
  WeightsSection usual = parse(kDescription).value().weights;
  EXPECT_TRUE(usual.pack && !usual.packed_cache && usual.expert_cache_bytes == 0);
  WeightsSection weights =
      parse(changed("dtype = \"f16\"", "dtype = \"f16\"\npacked_cache = true\nexpert_cache_bytes = 1000000"))
          .value()
          .weights;
  EXPECT_TRUE(weights.packed_cache);
  EXPECT_EQ(weights.expert_cache_bytes, 1'000'000u);
  expect_refused(
      {"dtype = \"f16\"", "dtype = \"f16\"\npack = false\npacked_cache = true", "true\nmatrices",
       "weights.packed_cache: is true, but pack is false, must be true for there to be something to keep"});
  expect_refused({"dtype = \"f16\"", "expert_cache_bytes = -1", "-1",
                  "weights.expert_cache_bytes: is -1, must be a whole number from 0 to 1125899906842624"});
}

TEST(Description, OptionalSectionsMayBeAbsent) {
  std::string text = kDescription;
  text.erase(text.find("[engine]"));
  text.erase(text.find("[speculative]"), text.find("[weights]\n") - text.find("[speculative]"));
  text.erase(text.find("[position]"), text.find("[cache]") - text.find("[position]"));
  auto parsed = parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().text;
  EXPECT_FALSE(parsed.value().position.has_value());
  EXPECT_FALSE(parsed.value().speculative.has_value());
  EXPECT_EQ(parsed.value().engine.sequences_max, 8u);
  EXPECT_EQ(parsed.value().generation.temperature, 1.0);
  EXPECT_TRUE(parsed.value().text.tokenizer.empty());
}

TEST(Description, RefusesUnknownKeysWithTheNearest) {
  expect_refused(
      {"model_dim = 64", "model_dim = 64\nmodel_dims = 3", "model_dims",
       "model.model_dims: is not a known key (did you mean model_dim?), expected one of context_max, device, "
       "model_dim, name, norm_eps, norm_offset and vocabulary"});
  expect_refused({"threads = 2", "thread = 2", "thread = 2",
                  "engine.thread: is not a known key (did you mean threads?), expected one of context, memory, "
                  "prompt_tokens_max, requests_max, seconds_max, sequences_max, threads and tokens_per_step"});
  expect_refused({"override = ", "x = ", "x = [{",
                  "layers.x: is not a known key, expected one of count, override and pattern"});
  expect_refused({"{ mixer = \"full\", experts = \"sparse\" }",
                  "{ mixer = \"full\", experts = \"sparse\", more = 1 }", "more",
                  "layers.pattern[1].more: is not a known key, expected one of experts and mixer"});
  expect_refused(
      {"[cache]", "[caches]\na = 1\n[cache]", "caches]",
       "caches: is not a known key (did you mean cache?), expected one of cache, engine, experts, generation, "
       "layers, mixers, model, position, speculative, tenon, text and weights"});
  expect_refused(
      {"[text]", "[text]\n\"\\u001b[2J\" = 1", "\"\\u001b",
       "text.\\x1b[2J: is not a known key, expected one of bos_token, chat_template, eos_token and tokenizer"});
}

TEST(Description, RefusesWhatIsMissing) {
  const Mutation mutations[] = {
      {"tenon = 1\n", "", "\n[model]", "tenon: is not given, must be a whole number from 1 to 1"},
      {"model_dim = 64\n", "", "[model]",
       "model.model_dim: is not given, must be a whole number from 1 to 1048576"},
      {"plugin = \"delta\"\n", "", "[mixers.linear]", "mixers.linear.plugin: is not given, must be a string"},
      {"plugin = \"pages\"\n", "", "[cache]", "cache.plugin: is not given, must be a string"},
      {"rotary_dim = 16\n", "", "[position]",
       "position.rotary_dim: is not given, must be a whole number from 2 to 1048576"},
      {"layer_prefix = \"layers.{layer}.\"\n", "", "[weights]\n",
       "weights.layer_prefix: is not given, must be a string"},
      {"{ mixer = \"linear\", experts = \"sparse\" }", "{ experts = \"sparse\" }", "{ experts",
       "layers.pattern[0].mixer: is not given, must be a string"},
      {"[mixers.full.weights]\nq = \"full.q.weight\"\n", "", "[mixers.full]",
       "mixers.full.weights: is not given, must be a table"},
      {"[weights.layer]\nmixer_norm = \"norm1.weight\"\nexperts_norm = \"norm2.weight\"\n", "", "[weights]\n",
       "weights.layer: is not given, must be a table"},
      {"override = [{ layers = [0, 7], experts = \"dense\" }]", "override = [{ experts = \"dense\" }]",
       "{ experts = \"dense\" }",
       "layers.override[0].layers: is not given, must be a list of whole numbers from 0 to 7"},
  };
  for (const Mutation& mutation : mutations) expect_refused(mutation);
}

TEST(Description, RefusesAnEmptyFile) {
  EXPECT_EQ(refusal_of(parse("")), "tenon: is not given, must be a whole number from 1 to 1 (m.toml:1:1)");
  EXPECT_EQ(refusal_of(parse("# nothing\n")),
            "tenon: is not given, must be a whole number from 1 to 1 (m.toml:1:1)");
}

TEST(Description, RefusesUnknownRoles) {
  expect_refused({"{ mixer = \"full\"", "{ mixer = \"ful\"", "\"ful\"",
                  "layers.pattern[1].mixer: is \"ful\", must be one of full and linear (did you mean full?)"});
  expect_refused({"experts = \"dense\" }", "experts = \"\\u001b\" }", "\"\\u001b\"",
                  "layers.override[0].experts: is \"\\x1b\", must be one of dense and sparse"});
}

TEST(Description, RefusesEmptyNamesOfWeights) {
  expect_refused({"head = \"head.weight\"", "head = \"\"", "\"\"\n",
                  "weights.model.head: is \"\", must be the name of a tensor"});
  expect_refused({"q = \"full.q.weight\"", "q = \"\"", "\"\"\n",
                  "mixers.full.weights.q: is \"\", must be the name of a tensor"});
}

TEST(Description, ReportsTheFirstProblemOnly) {
  std::string text = changed("count = 8", "count = 0");
  text = replaced(text, "rotary_dim = 16", "rotary_dim = 15");
  EXPECT_EQ(refusal_of(parse(text)),
            "layers.count: is 0, must be a whole number from 1 to 4096" + place_in(text, "0\npattern"));
}

TEST(Description, ReadsFilesUpToAMebibyte) {
  TempDir dir;
  std::string text = kDescription;
  std::string good = dir.write("good.toml", text + "#" + std::string((1 << 20) - text.size() - 1, 'x'));
  EXPECT_EQ(refusal_of(load_description(good)), "");
  EXPECT_EQ(load_description(good).value().weights.path, dir / "model");
  std::string large = dir.write("large.toml", text + "#" + std::string((1 << 20) - text.size(), 'x'));
  EXPECT_EQ(refusal_of(load_description(large)),
            large + ": is larger than 1.00 MiB, the limit for such a file");
  EXPECT_EQ(refusal_of(load_description(dir / "none.toml")),
            (dir / "none.toml").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of(load_description(dir.path())), dir.path().string() + ": Is a directory");
}

}  // namespace
}  // namespace tenon::testing
