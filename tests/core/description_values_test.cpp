// Values of the wrong type or out of range: each names key, value, expectation and place.
#include "description_text.hpp"

namespace tenon::testing {
namespace {

TEST(DescriptionValues, RefusesWrongTypes) {
  const Mutation mutations[] = {
      {"name = \"small\"", "name = 5", "5\n", "model.name: is 5, must be a string"},
      {"name = \"small\"", "name = [1]", "[1]", "model.name: is a list, must be a string"},
      {"name = \"small\"", "name = 1979-05-27", "1979", "model.name: is a date or time, must be a string"},
      {"model_dim = 64", "model_dim = \"64\"", "\"64\"",
       "model.model_dim: is \"64\", must be a whole number from 1 to 1048576"},
      {"model_dim = 64", "model_dim = 64.0", "64.0",
       "model.model_dim: is 64.0, must be a whole number from 1 to 1048576"},
      {"model_dim = 64", "model_dim = true", "true",
       "model.model_dim: is true, must be a whole number from 1 to 1048576"},
      {"norm_eps = 1e-6", "norm_eps = \"1e-6\"", "\"1e-6\"",
       "model.norm_eps: is \"1e-6\", must be a number from 0 to 1"},
      {"path = \"model\"", "path = 1", "1\ndtype", "weights.path: is 1, must be a string"},
      {"except = [\"*.router\"]", "except = \"*.router\"", "\"*.router\"",
       "weights.except: is \"*.router\", must be a list of strings"},
      {"ignore = [\"vision.*\"]", "ignore = [\"a\", 1]", "[\"a\", 1]",
       "weights.ignore: is a list, must be a list of strings"},
      {"eos = [1, 255]", "eos = 1", "1\n\n[text]",
       "generation.eos: is 1, must be a list of whole numbers from 0 to 255"},
      {"eos = [1, 255]", "eos = [1, 2.0]", "2.0",
       "generation.eos: is 2.0, must be a list of whole numbers from 0 to 255"},
      {"pattern = [", "pattern = { a = 1 }\nunused = [", "{ a = 1 }",
       "layers.pattern: is a table, must be a list of tables"},
      {"pattern = [", "pattern = [ 5,", "5,", "layers.pattern: is 5, must be a list of tables"},
      {"in = \"linear.in.weight\"", "in = 3", "3\n\n[mixers.full]",
       "mixers.linear.weights.in: is 3, must be a string"},
      {"heads = 4", "heads = [4]", "[4]",
       "mixers.linear.heads: is a list, must be a number, true, false or a string"},
      {"heads = 4", "heads = { a = 4 }", "{ a = 4 }",
       "mixers.linear.heads: is a table, must be a number, true, false or a string"},
      {"heads = 4", "heads = 10:00:00", "10:00",
       "mixers.linear.heads: is a date or time, must be a number, true, false or a string"},
  };
  for (const Mutation& mutation : mutations) expect_refused(mutation);
}

TEST(DescriptionValues, RefusesSectionsThatAreNoTables) {
  for (const char* section :
       {"model", "layers", "position", "cache", "speculative", "weights", "engine", "generation", "text"}) {
    std::string text = "tenon = 1\n" + std::string(section) + " = 5\n";
    std::string full = kDescription;
    // Everything but the section itself, so that nothing else is missing.
    for (std::string name : {std::string(section)}) {
      size_t begin = full.find("[" + name + "]\n");
      size_t end = begin;
      do end = full.find("\n[", end + 1);
      while (end != std::string::npos && full.compare(end + 2, name.size() + 1, name + ".") == 0);
      full = full.substr(0, begin) + (end == std::string::npos ? "" : full.substr(end + 1));
    }
    text += full.substr(full.find('\n') + 1);
    EXPECT_EQ(refusal_of(parse(text)), std::string(section) + ": is 5, must be a table" + place_in(text, "5\n"))
        << text;
  }
  EXPECT_EQ(refusal_of(parse("tenon = 1\nmodel = [[1]]\n")), "model: is a list, must be a table (m.toml:2:9)");
}

TEST(DescriptionValues, RefusesRolesThatAreNoTables) {
  std::string text = changed("[mixers.full]", "[mixers]\nodd = 1\n[mixers.full]");
  EXPECT_EQ(refusal_of(parse(text)), "mixers.odd: is 1, must be a table" + place_in(text, "1\n[mixers.full]"));
  text = changed("[mixers.full]", "[mixers]\n\"\\u001b[2J\" = 1\n[mixers.full]");
  EXPECT_EQ(refusal_of(parse(text)),
            "mixers.\\x1b[2J: is 1, must be a table" + place_in(text, "1\n[mixers.full]"));
}

TEST(DescriptionValues, RefusesNumbersOutOfRange) {
  const Mutation mutations[] = {
      {"tenon = 1", "tenon = 2", "2\n", "tenon: is 2, must be a whole number from 1 to 1"},
      {"model_dim = 64", "model_dim = 0", "0\nvocabulary",
       "model.model_dim: is 0, must be a whole number from 1 to 1048576"},
      {"model_dim = 64", "model_dim = -64", "-64",
       "model.model_dim: is -64, must be a whole number from 1 to 1048576"},
      {"model_dim = 64", "model_dim = 9223372036854775807", "9223",
       "model.model_dim: is 9223372036854775807, must be a whole number from 1 to 1048576"},
      {"model_dim = 64", "model_dim = -9223372036854775808", "-9223",
       "model.model_dim: is -9223372036854775808, must be a whole number from 1 to 1048576"},
      {"vocabulary = 256", "vocabulary = 16777217", "16777217",
       "model.vocabulary: is 16777217, must be a whole number from 1 to 16777216"},
      {"norm_eps = 1e-6", "norm_eps = 1.5", "1.5", "model.norm_eps: is 1.5, must be a number from 0 to 1"},
      {"norm_eps = 1e-6", "norm_eps = nan", "nan", "model.norm_eps: is nan, must be a number from 0 to 1"},
      {"norm_eps = 1e-6", "norm_eps = inf", "inf", "model.norm_eps: is inf, must be a number from 0 to 1"},
      {"norm_eps = 1e-6", "norm_eps = -inf", "-inf", "model.norm_eps: is -inf, must be a number from 0 to 1"},
      {"count = 8", "count = 4097", "4097", "layers.count: is 4097, must be a whole number from 1 to 4096"},
      {"layers = [0, 7]", "layers = [0, 8]", "8]",
       "layers.override[0].layers: is 8, must be a list of whole numbers from 0 to 7"},
      {"layers = [0, 7]", "layers = [-1]", "-1]",
       "layers.override[0].layers: is -1, must be a list of whole numbers from 0 to 7"},
      {"rotary_dim = 16", "rotary_dim = 15", "15\n", "position.rotary_dim: is 15, must be even"},
      {"rotary_dim = 16", "rotary_dim = 0", "0\ntheta",
       "position.rotary_dim: is 0, must be a whole number from 2 to 1048576"},
      {"draft_tokens = 3", "draft_tokens = 17", "17",
       "speculative.draft_tokens: is 17, must be a whole number from 0 to 16"},
      {"memory = 1048576", "memory = -1", "-1",
       "engine.memory: is -1, must be a whole number from 0 to 1125899906842624"},
      {"threads = 2", "threads = 0", "0\n\n[generation]",
       "engine.threads: is 0, must be a whole number from 1 to 1024"},
      {"tokens_per_step = 128", "tokens_per_step = 1048577", "1048577",
       "engine.tokens_per_step: is 1048577, must be a whole number from 1 to 1048576"},
      {"temperature = 0.7", "temperature = -0.1", "-0.1",
       "generation.temperature: is -0.1, must be a number from 0 to 100"},
      {"top_p = 0.9", "top_p = 2", "2\nmin_p", "generation.top_p: is 2, must be a number from 0 to 1"},
      {"eos = [1, 255]", "eos = [256]", "256]",
       "generation.eos: is 256, must be a list of whole numbers from 0 to 255"},
  };
  for (const Mutation& mutation : mutations) expect_refused(mutation);
}

TEST(DescriptionValues, RefusesUnknownWords) {
  expect_refused({"dtype = \"f16\"", "dtype = \"f8\"", "\"f8\"",
                  "weights.dtype: is \"f8\", must be one of f32, f16 and bf16"});
  expect_refused(
      {"dtype = \"f16\"", "dtype = \"\"", "\"\"", "weights.dtype: is \"\", must be one of f32, f16 and bf16"});
  expect_refused(
      {"matrices = \"f8_e4m3\"", "matrices = \"q4\"", "\"q4\"",
       "weights.matrices: is \"q4\", must be one of f8_e4m3, int4, int4_32, int8, int8_32 and uint4_32"});
  expect_refused(
      {"matrices = \"f8_e4m3\"", "matrices = \"\"", "\"\"",
       "weights.matrices: is \"\", must be one of f8_e4m3, int4, int4_32, int8, int8_32 and uint4_32"});
}

TEST(DescriptionValues, RefusesAnEmptyPattern) {
  std::string text = kDescription;
  size_t begin = text.find("pattern = ["), end = text.find("]\noverride");
  text.replace(begin, end - begin, "pattern = [");
  EXPECT_EQ(refusal_of(parse(text)),
            "layers.pattern: is empty, must name a mixer and experts" + place_in(text, "[]"));
}

TEST(DescriptionValues, EmptyListsAreAllowedWhereTheyMakeSense) {
  EXPECT_EQ(refusal_of(parse(changed("eos = [1, 255]", "eos = []"))), "");
  EXPECT_EQ(refusal_of(parse(changed("ignore = [\"vision.*\"]", "ignore = []"))), "");
  EXPECT_EQ(
      refusal_of(parse(changed("override = [{ layers = [0, 7], experts = \"dense\" }]", "override = []"))), "");
}

TEST(DescriptionValues, WholeNumbersMayStandForNumbers) {
  auto parsed = parse(changed("temperature = 0.7", "temperature = 1"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().text;
  EXPECT_EQ(parsed.value().generation.temperature, 1.0);
}

}  // namespace
}  // namespace tenon::testing
