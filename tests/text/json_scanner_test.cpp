#include <tenon/base/json.hpp>
#include <tenon/text/json_scanner.hpp>

#include <gtest/gtest.h>

#include <random>

namespace tenon {
namespace {

TEST(JsonScanner, TakesWhatIsJson) {
  for (const char* text : {"0", "-0", "12", "1.5", "-1.5e+10", "2E3", "true", "false", "null", "\"\"",
                           R"("a\"\\\/\b\f\n\r\t\u00e9")", "[]", "{}", " [ 1 , [ ] , { } ] ",
                           R"({"a": {"b": [1, 2, {"c": null}]}, "d": ""})", "\"\u00e9\""})
    EXPECT_TRUE(is_json(text)) << text;
}

TEST(JsonScanner, RefusesWhatIsNot) {
  for (const char* text :
       {"",        " ",         "01",          "-",    "1.",   ".5",      "+1",         "1e",
        "1e+",     "tru",       "truee",       "True", "nul",  "\"",      "\"\\x\"",    "\"\\u12g4\"",
        "\"\n\"",  "'a'",       "[",           "]",    "[1,]", "[,1]",    "[1 2]",      "{a: 1}",
        "{\"a\"}", "{\"a\": }", "{\"a\": 1,}", "{,}",  "{]",   "[}",      "{\"a\": 1]", "1 2",
        "{} {}",   "NaN",       "-a",          "1-",   "0x1",  "\"\x01\""})
    EXPECT_FALSE(is_json(text)) << text;
}

TEST(JsonScanner, KnowsWhereItStands) {
  using Place = JsonScanner::Place;
  JsonScanner scanner;
  std::string text = R"({"a": ["b", 1]})";
  std::vector<Place> wanted = {Place::kFirstKey, Place::kString,     Place::kString,       Place::kColon,
                               Place::kValue,    Place::kValue,      Place::kFirstElement, Place::kString,
                               Place::kString,   Place::kAfterValue, Place::kValue,        Place::kValue,
                               Place::kNumber,   Place::kAfterValue, Place::kEnd};
  for (size_t i = 0; i < text.size(); ++i) EXPECT_EQ(scanner.push(text[i]), wanted[i]) << i;
  EXPECT_EQ(scanner.push('x'), Place::kError);
}

TEST(JsonScanner, RefusesToNestTooDeeply) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_json(nested(JsonScanner::kDepthMax)));
  EXPECT_FALSE(is_json(nested(JsonScanner::kDepthMax + 1)));
}

TEST(JsonScanner, AgreesWithAParserOnRandomTexts) {
  std::mt19937 random(7);
  const std::string letters = "{}[]:,\"\\u0 1-.eEtrufalsn";
  size_t valid = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (size_t length = random() % 9; text.size() < length;) text += letters[random() % letters.size()];
    bool wanted = nlohmann::json::accept(text);
    ASSERT_EQ(is_json(text), wanted) << text;
    valid += wanted ? 1 : 0;
  }
  EXPECT_GT(valid, 1000u);
}

// Small changes to JSON, most of which break it.
TEST(JsonScanner, AgreesWithAParserOnChangedJson) {
  std::mt19937 random(8);
  const std::string base = R"({"a": [1.5e-3, -2, {"b": "c\n\u00e9"}], "d": {"e": [true, false, null]}})";
  for (int round = 0; round < 50000; ++round) {
    std::string text = base;
    text[random() % text.size()] = base[random() % base.size()];
    if (random() % 2 == 0) text.erase(random() % text.size(), 1);
    ASSERT_EQ(is_json(text), nlohmann::json::accept(text)) << text;
  }
}

}  // namespace
}  // namespace tenon
