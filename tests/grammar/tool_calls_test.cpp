#include "grammar_bench.hpp"
#include "validator.hpp"

namespace tenon::grammar {
namespace {

const char* kWeather =
    R"({"type": "object", "properties": {"city": {"type": "string"},
  "days": {"type": "integer", "minimum": 1, "maximum": 7},
  "unit": {"type": "string", "enum": ["C", "F"]}, "places": {"type": "array", "items": {"type": "string"}}},
  "required": ["city", "days"]})";

Specification call(ToolFormat format, bool allows_several = false) {
  Specification made{Specification::Kind::kTools, {}, {}, {{"weather", kWeather}, {"now", ""}}};
  made.format = format, made.allows_several = allows_several;
  return made;
}

TEST(GrammarTools, HermesCallsNameOneOfTheTools) {
  Automaton one = automaton_of(call(ToolFormat::kHermes)),
            several = automaton_of(call(ToolFormat::kHermes, true));
  std::string now = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
  std::string weather =
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"K\\u0001\", \"days\": "
      "7}}\n</tool_call>";
  for (const std::string& text : {now, weather}) EXPECT_TRUE(reads(one, text)) << text;
  for (const std::string& text : {now + "\n" + now, std::string("{}"), weather.substr(1)})
    EXPECT_FALSE(reads(one, text)) << text;
  EXPECT_TRUE(reads(several, weather + "\n" + now));
  EXPECT_FALSE(reads(one, "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"a\": 1}}\n</tool_call>"));
  EXPECT_FALSE(reads(
      one,
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"K\", \"days\": 8}}\n</tool_call>"));
}

TEST(GrammarTools, RandomHermesCallsHaveValidArguments) {
  std::mt19937 random(5);
  auto grammar = grammar_of(call(ToolFormat::kHermes));
  Json schema = Json::parse(kWeather);
  int weather = 0;
  for (int i = 0; i < 200; ++i) {
    auto text = random_text(grammar, random);
    if (!text) continue;
    size_t start = text->find('{'), end = text->rfind('}');
    Json parsed = Json::parse(text->substr(start, end + 1 - start));
    if (parsed["name"] != "weather") continue;
    EXPECT_TRUE(testing::Validator(schema).is_valid(parsed["arguments"])) << *text;
    ++weather;
  }
  EXPECT_GT(weather, 5);
}

TEST(GrammarTools, Qwen3CoderCallsWriteStringsAsTheyAre) {
  Automaton automaton = automaton_of(call(ToolFormat::kQwen3Coder));
  auto text = [](const std::string& parameters) {
    return "<tool_call>\n<function=weather>\n" + parameters + "</function>\n</tool_call>";
  };
  std::string city = "<parameter=city>\nK\xc3\xb6ln \"\\ </param\n<\n\n</parameter>\n",
              days = "<parameter=days>\n3\n</parameter>\n";
  EXPECT_TRUE(reads(automaton, text(city + days)));
  EXPECT_TRUE(
      reads(automaton,
            text(city + days +
                 "<parameter=unit>\nC\n</parameter>\n<parameter=places>\n[\"a\", \"b\"]\n</parameter>\n")));
  EXPECT_TRUE(reads(automaton, "<tool_call>\n<function=now>\n</function>\n</tool_call>"));
  EXPECT_FALSE(reads(automaton, text(city))) << "days is required";
  EXPECT_FALSE(reads(automaton, text(days + city))) << "in the order of the schema";
  EXPECT_FALSE(reads(automaton, text(city + "<parameter=days>\n\"3\"\n</parameter>\n")));
  EXPECT_FALSE(reads(automaton, text(city + days + "<parameter=unit>\nK\n</parameter>\n")));
}

TEST(GrammarTools, BadToolsAreRefused) {
  Specification made = call(ToolFormat::kHermes);
  made.tools[0].name = "a b";
  EXPECT_EQ(compile(made).error().text,
            "tools: \"a b\" is no name of a tool, expected up to 128 letters, digits, _, - and .");
  made.tools[0] = {"a", R"({"type": "object", "minProperties": 1})"};
  EXPECT_EQ(compile(made).error().text, "tools: a: #/minProperties: is not a supported keyword");
  made.tools.clear();
  EXPECT_EQ(compile(made).error().text, "tools: is empty, expected at least one tool to call");
}

}  // namespace
}  // namespace tenon::grammar
