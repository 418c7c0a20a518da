// Masks against their slow definition, and every way to cut a document into tokens.
#include "grammar_bench.hpp"

#include <tenon/text/grammar/grammar_cache.hpp>

#include <fstream>

namespace tenon::grammar {
namespace {

std::vector<Specification> specifications() {
  std::vector<Specification> made = {Specification::json_object(), Specification::regex("(a|b)*abb.{0,5}"),
                                     Specification::regex("[^\"]+(\"[a-z]*\")?"),
                                     Specification::choice({"a", "abc", "true"})};
  std::ifstream file(TENON_SOURCE "/tests/grammar/schemas.txt");
  for (std::string line; std::getline(file, line);) made.push_back(Specification::json_schema(line));
  return made;
}

TEST(GrammarMask, IsWhatCanBeReadByteByByte) {
  std::mt19937 random(11);
  std::vector<std::string> vocabulary = small_vocabulary();
  size_t compared = 0;
  for (const Specification& each : specifications()) {
    auto grammar = grammar_of(each);
    for (int walk = 0; walk < 3; ++walk) {
      Matcher matcher(grammar);
      std::string text;
      for (int i = 0; i < 30; ++i) {
        std::vector<int32_t> allowed = tokens_in(matcher.allowed());
        std::vector<int32_t> expected;
        for (size_t token = 0; token < vocabulary.size(); ++token)
          if (may_follow(grammar->automaton(), text, vocabulary[token]))
            expected.push_back(static_cast<int32_t>(token));
        ASSERT_EQ(allowed, expected) << each.text << "\nafter " << text;
        ++compared;
        if (allowed.empty()) break;
        int32_t token = allowed[random() % allowed.size()];
        text += vocabulary[static_cast<size_t>(token)];
        ASSERT_TRUE(matcher.accept(token));
        EXPECT_EQ(matcher.may_end(), reads(grammar->automaton(), text)) << text;
      }
    }
  }
  EXPECT_GT(compared, 3000u);
}

TEST(GrammarMask, DeepNestingKeepsMasksExactUpToTheLimit) {
  auto grammar = grammar_of(Specification::json_object());
  std::vector<std::string> vocabulary = small_vocabulary();
  Matcher matcher(grammar);
  std::string text = "{\"a\":";
  ASSERT_TRUE(matcher.accept_bytes(text));
  for (uint32_t depth = 2; depth < 2 * Stack::kDepthMax; ++depth) {
    std::vector<int32_t> allowed = tokens_in(matcher.allowed());
    ASSERT_FALSE(allowed.empty());
    for (size_t token = 0; token < vocabulary.size(); ++token)
      EXPECT_EQ(std::binary_search(allowed.begin(), allowed.end(), static_cast<int32_t>(token)),
                may_follow(grammar->automaton(), text, vocabulary[token]))
          << depth << " " << vocabulary[token];
    if (!std::binary_search(allowed.begin(), allowed.end(), static_cast<int32_t>('['))) break;
    matcher.accept('['), text += '[';
  }
  EXPECT_EQ(text.size(), 5 + Stack::kDepthMax - 2);
  ASSERT_TRUE(matcher.accept_bytes("1" + std::string(Stack::kDepthMax - 2, ']') + "}"));
  EXPECT_TRUE(matcher.may_end() && !matcher.may_go_on());
}

// All ways to cut the text into tokens.
void each_tokenisation(const std::vector<std::string>& vocabulary, std::string_view text, Matcher matcher,
                       size_t& ways) {
  if (text.empty()) {
    EXPECT_TRUE(matcher.may_end());
    ++ways;
    return;
  }
  std::span<const uint64_t> mask = matcher.allowed();
  for (size_t token = 0; token < vocabulary.size(); ++token) {
    if (vocabulary[token].empty() || text.rfind(vocabulary[token], 0) != 0) continue;
    ASSERT_TRUE(mask[token / 64] >> (token % 64) & 1) << vocabulary[token] << " of " << text;
    Matcher next = matcher;
    ASSERT_TRUE(next.accept(static_cast<int32_t>(token)));
    each_tokenisation(vocabulary, text.substr(vocabulary[token].size()), next, ways);
  }
}

TEST(GrammarMask, EveryTokenisationOfAValidDocumentIsAllowed) {
  auto grammar = grammar_of(Specification::json_schema(
      R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 5},
      "a": {"type": "array", "items": {"type": "number"}}}})"));
  size_t ways = 0;
  for (const char* document :
       {"{\"name\": \"abc\",\"a\":[1,12]}", "{\"a\":[100, 0.5e5]}", "{\"name\":\"\xe2\x82\xac\\n\"}"})
    each_tokenisation(small_vocabulary(), document, Matcher(grammar), ways);
  EXPECT_GT(ways, 200u);
}

TEST(GrammarMask, CountersFarFromTheirBoundsShareMasks) {
  auto grammar =
      grammar_of(Specification::json_schema(R"({"type": "string", "minLength": 500, "maxLength": 5000})"));
  Matcher matcher(grammar);
  matcher.accept('"');
  for (int i = 0; i < 400; ++i) matcher.allowed(), matcher.accept('a');
  size_t bytes = grammar->bytes();
  for (int i = 0; i < 50; ++i) matcher.allowed(), matcher.accept('a');
  EXPECT_EQ(grammar->bytes(), bytes);
  while (matcher.may_go_on() && matcher.accept('a')) matcher.allowed();
  EXPECT_FALSE(matcher.may_end()) << "the 5001st character is refused";
}

TEST(GrammarCache, KeepsWhatWasAskedForLast) {
  auto trie = trie_of(small_vocabulary());
  GrammarCache cache(trie, {}, 200'000);
  auto first = cache.get(Specification::regex("a"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(cache.get(Specification::regex("a")).value(), first.value());
  EXPECT_NE(cache.get(Specification::choice({"a"})).value(), first.value());
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(cache.get(Specification::regex("[a-z]{" + std::to_string(i) + "}")).ok());
  EXPECT_LE(cache.stats().bytes, 200'000u);
  EXPECT_LT(cache.stats().grammars, 200u);
  EXPECT_NE(cache.get(Specification::regex("a")).value(), first.value()) << "it had to go";
  EXPECT_EQ(cache.stats().hits, 1u);
}

}  // namespace
}  // namespace tenon::grammar
