#include <tenon/text/pattern.hpp>
#include <tenon/text/pattern_dialect.hpp>

#include <gtest/gtest.h>

namespace tenon {
namespace {

using Pieces = std::vector<std::string_view>;

Pieces split(const std::string& pattern, std::string_view text) {
  auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled.ok()) << compiled.error().text;
  auto pieces = compiled.value().split(text);
  EXPECT_TRUE(pieces.ok()) << pieces.error().text;
  return pieces.ok() ? pieces.value() : Pieces();
}

std::string refusal(const std::string& pattern) {
  auto translated = to_pcre2(pattern);
  return translated.ok() ? "" : translated.error().text;
}

TEST(Pattern, KeepsWhatLiesBetweenMatches) {
  EXPECT_EQ(split("b+", "abbca"), Pieces({"a", "bb", "ca"}));
  EXPECT_EQ(split("x", "abc"), Pieces({"abc"}));
  EXPECT_EQ(split("x", ""), Pieces());
}

TEST(Pattern, GivesNoEmptyPieces) { EXPECT_EQ(split("x*", "a\u00e9xxb"), Pieces({"a", "\u00e9", "xx", "b"})); }

TEST(Pattern, CountsUnicodeWhiteSpaceAndNothingElse) {
  EXPECT_EQ(split("\\s+", "a\u0085\u3000b"), Pieces({"a", "\u0085\u3000", "b"}));
  EXPECT_EQ(split("[\\s]+", "a\u180eb"), Pieces({"a\u180eb"}));
  EXPECT_EQ(split("\\S+", "a\u0085b"), Pieces({"a", "\u0085", "b"}));
}

TEST(Pattern, GivesUpOnTextThatTakesTooManySteps) {
  auto compiled = Pattern::compile("(a+)+[bc]");
  ASSERT_TRUE(compiled.ok());
  auto pieces = compiled.value().split(std::string(40, 'a'));
  ASSERT_FALSE(pieces.ok());
  EXPECT_EQ(pieces.error().text, "pattern: gave up at byte 0 of the text: match limit exceeded");
}

TEST(PatternDialect, TakesThePublishedPatternsAsTheyAre) {
  for (const char* pattern :
       {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{L}\p{N}]+[\r\n]*)",
        R"([^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}|\.\+(?!x)(?<=y))"}) {
    auto translated = to_pcre2(pattern);
    ASSERT_TRUE(translated.ok()) << translated.error().text;
    EXPECT_EQ(translated.value(), pattern);
  }
}

TEST(PatternDialect, RefusesWhatTheTwoEnginesReadDifferently) {
  const std::string ending = ", which PCRE2 and Oniguruma read differently";
  EXPECT_EQ(refusal("a\\w"), "pattern: has \\w at byte 1" + ending);
  EXPECT_EQ(refusal("\\h"), "pattern: has \\h at byte 0" + ending);
  EXPECT_EQ(refusal("\\p{Greek}"), "pattern: has \\p{Greek at byte 0" + ending);
  EXPECT_EQ(refusal("\\pL"), "pattern: has \\pL at byte 0" + ending);
  EXPECT_EQ(refusal("^a"), "pattern: has ^ at byte 0" + ending);
  EXPECT_EQ(refusal("a{1,2}+"), "pattern: has }+ at byte 5" + ending);
  EXPECT_EQ(refusal("(*NO_JIT)a"), "pattern: has (* at byte 0" + ending);
  EXPECT_EQ(refusal("(?m)a"), "pattern: has (?m) at byte 0" + ending);
  EXPECT_EQ(refusal("[a[b]]"), "pattern: has a set inside a set at byte 2" + ending);
  EXPECT_EQ(refusal("[a&&b]"), "pattern: has && at byte 2" + ending);
  EXPECT_EQ(refusal("[]a]"), "pattern: has an empty set at byte 0" + ending);
  EXPECT_EQ(refusal("a\\"), "pattern: ends in a backslash, expected a character after it");
  EXPECT_EQ(refusal("(?"), "");
}

}  // namespace
}  // namespace tenon
