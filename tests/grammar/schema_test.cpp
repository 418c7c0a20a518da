#include "grammar_bench.hpp"
#include "validator.hpp"

#include <fstream>

namespace tenon::grammar {
namespace {

std::vector<std::string> schemas() {
  std::vector<std::string> lines;
  std::ifstream file(TENON_SOURCE "/tests/grammar/schemas.txt");
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(GrammarSchema, RandomWalksEndInValidDocuments) {
  std::mt19937 random(7);
  ASSERT_GE(schemas().size(), 60u);
  for (const std::string& text : schemas()) {
    Json schema = Json::parse(text);
    auto grammar = grammar_of(Specification::json_schema(text));
    size_t ended = 0;
    for (int i = 0; i < 40; ++i) {
      auto document = random_text(grammar, random);
      if (!document) continue;
      ++ended;
      auto value = parse_json(*document, "document", 100);
      // Keys may come twice where they are free.
      Json parsed = value.ok() ? value.value() : Json::parse(*document, nullptr, false);
      ASSERT_FALSE(parsed.is_discarded()) << *document;
      EXPECT_TRUE(testing::Validator(schema).is_valid(parsed)) << *document << "\n" << text;
    }
    EXPECT_GT(ended, 10u) << text;
  }
}

TEST(GrammarSchema, ReadsWhatIsValidInItsForm) {
  auto reads_all = [](const char* schema, std::vector<const char*> valid, std::vector<const char*> others) {
    Automaton automaton = automaton_of(Specification::json_schema(schema));
    for (const char* text : valid) EXPECT_TRUE(reads(automaton, text)) << text << "\n" << schema;
    for (const char* text : others) EXPECT_FALSE(reads(automaton, text)) << text << "\n" << schema;
  };
  reads_all("{}", {"1", "-0.5e+10", "\"a\\u0000\\n\"", "[]", "[1, {\"a\":[\n    true]}]", "{}", "null"},
            {"", "01", "1.", "+1", "[1,]", "{\"a\"}", "nul", "[1 ,2]", " 1", "1e100", "\"\n\""});
  reads_all(
      R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
          "required": ["b"]})",
      {"{\"b\": null}", "{\"a\":1,\"b\":null}", "{\n  \"a\": 1,\n  \"b\": null\n}"},
      {"{}", "{\"a\":1}", "{\"b\":null,\"a\":1}", "{\"b\":null,\"c\":1}", "{\"a\":1.5,\"b\":null}"});
  reads_all(
      R"({"type": "object", "properties": {"ab": {"type": "null"}},
          "additionalProperties": {"type": "integer"}})",
      {"{}", "{\"a\": 1}", "{\"ab\": null, \"abc\": 1}", "{\"\": 1}", "{\"\xc3\xa4\": 1}"},
      {"{\"ab\": 1}", "{\"a\": null}"});
  reads_all(R"({"type": "string", "maxLength": 2})", {"\"\"", "\"\xc3\xa4\\n\"", "\"\\u0001a\""},
            {"\"abc\"", "\"a"});
}

TEST(GrammarSchema, WholeNumbersInRangesAreExact) {
  std::mt19937 random(3);
  auto bound = [&] { return static_cast<int>(random() % 4 ? random() % 300 : random() % 20000) - 150; };
  for (int round = 0; round < 60; ++round) {
    int least = bound(), most = bound();
    if (least > most) std::swap(least, most);
    Json schema = {{"type", "integer"}, {"minimum", least}, {"maximum", most}};
    Automaton automaton = automaton_of(Specification::json_schema(schema.dump()));
    for (int number = -400; number <= 20500; number += number > 1100 && number < 19000 ? 17 : 1)
      EXPECT_EQ(reads(automaton, std::to_string(number)), number >= least && number <= most)
          << number << schema;
  }
}

TEST(GrammarSchema, DecimalsInRangesAreExact) {
  for (auto [least, most] :
       {std::pair{"0.25", "1.5"}, {"-2.75", "-0.5"}, {"-0.1", "0.1"}, {"1", "20"}, {"-7", "0"}})
    for (bool excludes : {false, true}) {
      Json schema = {{"type", "number"}};
      schema[excludes ? "exclusiveMinimum" : "minimum"] = Json::parse(least);
      schema[excludes ? "exclusiveMaximum" : "maximum"] = Json::parse(most);
      Automaton automaton = automaton_of(Specification::json_schema(schema.dump()));
      testing::Validator validator(schema);
      for (int number = -8000; number <= 21000; number += 25) {
        std::string text = Json(number / 1000.0).dump();
        if (number == 0) text = "0.0";
        EXPECT_EQ(reads(automaton, text), validator.is_valid(Json::parse(text))) << text << schema;
      }
    }
}

TEST(GrammarSchema, WhatIsNotSupportedIsRefusedByPointer) {
  struct Case {
    const char *schema, *error;
  };
  for (const Case& each : {
           Case{R"({"properties": {"a": {"not": {}}}})",
                "json_schema: #/properties/a/not: is not a supported keyword"},
           Case{R"({"items": {"multipleOf": 3}})",
                "json_schema: #/items/multipleOf: is not a supported keyword"},
           Case{R"({"$ref": "#/$defs/a"})",
                "json_schema: #/$ref: is \"#/$defs/a\", expected a place that exists"},
           Case{R"({"$ref": "http://x"})",
                "json_schema: #/$ref: is \"http://x\", expected a place in the same schema, such as "
                "#/$defs/name"},
           Case{R"({"type": "strin"})",
                "json_schema: #/type: is \"strin\", expected string, number, integer, boolean, null, object "
                "and array"},
           Case{R"(false)", "json_schema: #: is false, no value is valid"},
           Case{R"({"type": "integer", "minimum": 5, "maximum": 4})", "json_schema: no text is allowed by it"},
           Case{R"-({"type": "string", "pattern": "(?=a)"})-",
                "json_schema: #/pattern: a group of a kind that is not supported, expected (?: or (?P<name>, "
                "at character 2"},
           Case{R"({"type": "string", "pattern": "a", "maxLength": 3})",
                "json_schema: #/pattern: is not supported beside another condition"},
           Case{R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})",
                "json_schema: #/oneOf/1: could be valid together with #/oneOf/0, expected oneOf's parts to "
                "differ by type, constants or a required constant property"},
           Case{R"({"type": "object", "required": ["a"], "additionalProperties": false})",
                "json_schema: #/required: has a name that is not among the properties, and no others may be"},
           Case{R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})",
                "json_schema: no text is allowed by it"},
           Case{R"({"a~/b": 1})", "json_schema: #/a~/b: is not a supported keyword"},
           Case{R"([1])", "json_schema: #: is [1], expected a schema"},
           Case{R"({"type": "array", "minItems": -1})",
                "json_schema: #/minItems: is -1, expected a whole number from 0 to 1000000"},
           Case{R"({"allOf": [{"type": "string"}, {"type": "null"}]})",
                "json_schema: #/allOf: has type with different values, not supported"},
       }) {
    auto made = compile(Specification::json_schema(each.schema));
    ASSERT_FALSE(made.ok()) << each.schema;
    EXPECT_EQ(made.error().text, each.error);
  }
}

}  // namespace
}  // namespace tenon::grammar
