// What somebody might send to keep a server busy: refused, or done, within the limits.
#include "grammar_bench.hpp"

#include <ctime>

namespace tenon::grammar {
namespace {

std::string times(const std::string& text, size_t count) {
  std::string made;
  for (size_t i = 0; i < count; ++i) made += text;
  return made;
}

void expect_too_complex(const Specification& specification) {
  auto made = compile(specification);
  ASSERT_FALSE(made.ok()) << specification.text.substr(0, 100);
  EXPECT_TRUE(is_too_complex(made.error())) << made.error().text;
}

TEST(GrammarLimits, NestingIsRefused) {
  expect_too_complex(Specification::regex(times("(", 30'000) + times(")", 30'000)));
  expect_too_complex(Specification::regex(times("(a", 200) + times(")*", 200)));
  expect_too_complex(Specification::json_schema(times(R"({"items":)", 3'000) + "{}" + times("}", 3'000)));
  expect_too_complex(Specification::json_schema(times("[", 30'000)));
  std::string chain = R"({"$ref": "#/$defs/a0", "$defs": {)";
  for (int i = 0; i < 500; ++i) {
    std::string next = std::to_string(i + 1);
    chain += "\"a" + std::to_string(i) + R"(": {"items": {"$ref": "#/$defs/a)" + next + "\"}},";
  }
  expect_too_complex(Specification::json_schema(chain + "\"a500\": {}}}"));
}

TEST(GrammarLimits, SizeIsRefused) {
  Json schema = {{"enum", Json::array()}};
  for (int i = 0; i < 100'000; ++i) schema["enum"].push_back(i);
  expect_too_complex(Specification::json_schema(schema.dump()));
  expect_too_complex(Specification::choice(std::vector<std::string>(100'000, "abc")));
  expect_too_complex(Specification::regex(std::string(100'000, 'a')));
}

TEST(GrammarLimits, ExplodingCountsAreRefused) {
  expect_too_complex(Specification::regex("(((a{1000}){1000}){1000}){1000}"));
  expect_too_complex(Specification::regex("(a|b)*a(a|b){1000}"));
  expect_too_complex(Specification::regex(times("(.*a)", 20) + "{1000}"));
}

TEST(GrammarLimits, NestedRepetitionsAreNoDanger) {
  Automaton automaton = automaton_of(Specification::regex("(a+)+b"));
  EXPECT_TRUE(reads(automaton, std::string(50'000, 'a') + "b"));
  EXPECT_FALSE(reads(automaton, std::string(50'000, 'a')));
}

TEST(GrammarLimits, DoublingReferencesAreRules) {
  std::string schema = R"({"$ref": "#/$defs/a0", "$defs": {)";
  for (int i = 0; i < 25; ++i) {
    std::string next = "{\"$ref\": \"#/$defs/a" + std::to_string(i + 1) + "\"}";
    schema += "\"a" + std::to_string(i) + R"(": {"properties": {"x": )" + next + ", \"y\": " + next + "}},";
  }
  auto made = compile(Specification::json_schema(schema + "\"a25\": {\"type\": \"null\"}}}"));
  EXPECT_TRUE(made.ok() || is_too_complex(made.error()));
}

TEST(GrammarLimits, TimeAndMemoryAreBounded) {
  auto made = compile(Specification::regex("[a-z]{1000}"), {.cpu_ms_max = 0});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().text, "grammar_too_complex: takes more than 0 ms or 64 MiB to compile");
  EXPECT_FALSE(compile(Specification::regex("[a-z]{1000}"), {.bytes_max = 10'000}).ok());
  EXPECT_TRUE(compile(Specification::regex("[a-z]{100}")).ok());
}

}  // namespace
}  // namespace tenon::grammar
