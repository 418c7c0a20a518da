#include <tenon/text/stop_matcher.hpp>

#include <gtest/gtest.h>

namespace tenon {
namespace {

struct Outcome {
  std::string released;
  std::optional<std::string> match;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << '"' << outcome.released << "\" then " << outcome.match.value_or("no match");
}

// By definition: the first end of any stop string; of those that end there, the longest.
Outcome search_whole(const std::vector<std::string>& stops, const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    const std::string* found = nullptr;
    for (const std::string& stop : stops)
      if (text.substr(0, end).ends_with(stop) && (found == nullptr || stop.size() > found->size()))
        found = &stop;
    if (found != nullptr) return {text.substr(0, end - found->size()), *found};
  }
  return {text, std::nullopt};
}

// Cuts the text after every position whose bit is set.
Outcome search_pieces(const std::vector<std::string>& stops, const std::string& text, uint32_t cuts) {
  StopMatcher matcher(stops);
  std::string released, piece;
  for (size_t i = 0; i < text.size(); ++i) {
    piece += text[i];
    if ((cuts >> i & 1) == 0) continue;
    released += matcher.push(piece);
    piece.clear();
  }
  released += matcher.push(piece);
  released += matcher.flush();
  return {released, matcher.match()};
}

// All texts of a length over "ab".
std::vector<std::string> all_texts(uint32_t length) {
  std::vector<std::string> texts;
  for (uint32_t bits = 0; bits < 1u << length; ++bits) {
    std::string text;
    for (uint32_t i = 0; i < length; ++i) text += bits >> i & 1 ? 'b' : 'a';
    texts.push_back(text);
  }
  return texts;
}

TEST(StopMatcher, LetsTextThroughThatCannotBegin) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("hello "), "hello ");
  EXPECT_EQ(matcher.push("E"), "");
  EXPECT_EQ(matcher.push("x"), "Ex");
  EXPECT_EQ(matcher.push("EN"), "");
  EXPECT_EQ(matcher.flush(), "EN");
  EXPECT_EQ(matcher.match(), std::nullopt);
}

TEST(StopMatcher, ReleasesWhatStandsBeforeTheMatchAndNothingAfter) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("a EN"), "a ");
  EXPECT_EQ(matcher.push("D b"), "");
  EXPECT_EQ(matcher.match(), "END");
  EXPECT_EQ(matcher.push("c"), "");
  EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, TakesTheMatchThatEndsFirst) {
  StopMatcher matcher({"abcd", "bc"});
  EXPECT_EQ(matcher.push("xabcd"), "xa");
  EXPECT_EQ(matcher.match(), "bc");
}

TEST(StopMatcher, TakesTheLongestOfThoseThatEndTogether) {
  StopMatcher matcher({"c", "abc", "bc"});
  EXPECT_EQ(matcher.push("xabc"), "x");
  EXPECT_EQ(matcher.match(), "abc");
}

TEST(StopMatcher, HoldsBackWholeCharactersOnly) {
  StopMatcher matcher({"\u00e9\u00e8"});
  EXPECT_EQ(matcher.push("a\u00e9"), "a");
  EXPECT_EQ(matcher.push("\u00ea"), "\u00e9\u00ea");
}

TEST(StopMatcher, NeverMatchesAnEmptyString) {
  StopMatcher matcher({""});
  EXPECT_EQ(matcher.push("abc"), "abc");
  EXPECT_EQ(matcher.match(), std::nullopt);
}

TEST(StopMatcher, GivesTheSameForEveryTextAndEveryCut) {
  std::vector<std::string> words;
  for (uint32_t length = 1; length <= 3; ++length)
    for (const std::string& word : all_texts(length)) words.push_back(word);
  words.push_back("abab");
  words.push_back("aabaa");
  for (size_t first = 0; first < words.size(); ++first) {
    for (size_t second = first; second < words.size(); ++second) {
      std::vector<std::string> stops = {words[first], words[second]};
      for (const std::string& text : all_texts(7)) {
        Outcome wanted = search_whole(stops, text);
        for (uint32_t cuts = 0; cuts < 1u << 6; ++cuts)
          ASSERT_EQ(search_pieces(stops, text, cuts), wanted) << stops[0] << ' ' << stops[1] << " in " << text;
      }
    }
  }
}

}  // namespace
}  // namespace tenon
