#include "small_tokenizer.hpp"

#include <cstdint>
#include <thread>

namespace tenon {
namespace {

using Ids = std::vector<int32_t>;

SmallTokenizer hello() {
  SmallTokenizer small;
  small.merge("l", "l").merge("h", "e").merge("he", "ll").merge("hell", "o").merge("Ġ", "hello");
  return small;  // ll 256, he 257, hell 258, hello 259, Ġhello 260
}

TEST(Tokenizer, MergesByRank) {
  Tokenizer tokenizer = hello().make();
  EXPECT_EQ(ids_of(tokenizer, "hello"), Ids({259}));
  EXPECT_EQ(ids_of(tokenizer, "hello hello"), Ids({259, 260}));
  EXPECT_EQ(ids_of(tokenizer, "hells"), Ids({258, 's'}));
  EXPECT_EQ(ids_of(tokenizer, ""), Ids());
}

TEST(Tokenizer, MergesTheLeftmostOfEqualRank) {
  SmallTokenizer small;
  small.merge("a", "a");
  EXPECT_EQ(ids_of(small.make(), "aaa"), Ids({256, 'a'}));
  EXPECT_EQ(ids_of(small.make(), "aaaaa"), Ids({256, 256, 'a'}));
}

TEST(Tokenizer, NeverMergesAcrossPieces) {
  SmallTokenizer small;
  small.merge("a", "1");
  EXPECT_EQ(ids_of(small.make(), "a1"), Ids({'a', '1'}));
  small.document["pre_tokenizer"]["use_regex"] = false;
  EXPECT_EQ(ids_of(small.make(), "a1"), Ids({256}));
}

TEST(Tokenizer, ReadsMergesAsText) {
  SmallTokenizer small = hello();
  for (Json& merge : small.document["model"]["merges"])
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  EXPECT_EQ(ids_of(small.make(), "hello"), Ids({259}));
}

TEST(Tokenizer, CutsByTheFilesPattern) {
  SmallTokenizer small = hello();
  small.document["pre_tokenizer"] = Json::parse(R"({"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "hel|l"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})");
  EXPECT_EQ(ids_of(small.make(), "hello"), Ids({257, 'l', 'l', 'o'}));
}

TEST(Tokenizer, TakesWholeTokensFirstWhereMergesAreIgnored) {
  SmallTokenizer small;
  small.document["model"]["vocab"]["abc"] = small.next_id++;
  EXPECT_EQ(ids_of(small.make(), "abc"), Ids({'a', 'b', 'c'}));
  small.document["model"]["ignore_merges"] = true;
  EXPECT_EQ(ids_of(small.make(), "abc"), Ids({256}));
  EXPECT_EQ(ids_of(small.make(), "abcd"), Ids({'a', 'b', 'c', 'd'}));
}

TEST(Tokenizer, NormalizesToNfcOnlyWhereTheFileSaysSo) {
  SmallTokenizer small;
  EXPECT_EQ(ids_of(small.make(), "e\u0301"), Ids({0xc3, 0xa9}));
  small.document["normalizer"] = nullptr;
  EXPECT_EQ(ids_of(small.make(), "e\u0301"), Ids({'e', 0xcc, 0x81}));
}

TEST(Tokenizer, RefusesInvalidUtf8) {
  auto ids = hello().make().encode("a\xff");
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().text, "tokenizer: text is not valid UTF-8, expected UTF-8");
}

TEST(Tokenizer, DecodesToReplacementCharactersWhereBytesAreNotUtf8) {
  Tokenizer tokenizer = hello().make();
  EXPECT_EQ(tokenizer.decode(Ids({0xc3, 0xa9})), "é");
  EXPECT_EQ(tokenizer.decode(Ids({0xc3, 'a', 0xe2, 0x82})), "\ufffda\ufffd");
}

TEST(Tokenizer, LeavesOutIdsWithoutAToken) {
  Tokenizer tokenizer = hello().make();
  EXPECT_EQ(tokenizer.decode(Ids({'a', 1000, -1, INT32_MAX, 'b'})), "ab");
  EXPECT_EQ(tokenizer.bytes_of(1000), "");
}

TEST(Tokenizer, KnowsItsTokens) {
  SmallTokenizer small = hello();
  small.add("<|end|>", {"special"}).add("<think>");
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(tokenizer.find_id("Ġhello"), 260);
  EXPECT_EQ(tokenizer.find_id("<|end|>"), 261);
  EXPECT_EQ(tokenizer.find_id("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer.get_id("nothing").error().text, "tokenizer: has no token \"nothing\", expected one");
  EXPECT_EQ(tokenizer.bytes_of(260), " hello");
  EXPECT_EQ(tokenizer.bytes_of(261), "<|end|>");
  EXPECT_EQ(tokenizer.vocabulary_size(), 263);
  EXPECT_TRUE(tokenizer.is_special(261));
  EXPECT_FALSE(tokenizer.is_special(262));
  EXPECT_FALSE(tokenizer.is_special(-5));
}

TEST(Tokenizer, CountsGapsInItsSize) {
  SmallTokenizer small;
  small.next_id = 1000;
  small.add("<|end|>");
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(tokenizer.vocabulary_size(), 1001);
  EXPECT_EQ(tokenizer.bytes_of(1000), "<|end|>");
  EXPECT_EQ(tokenizer.bytes_of(999), "");
}

// By the plain rule: of all neighbours that merge, again and again the pair of lowest rank.
Ids merge_plainly(std::string_view text, const std::vector<std::pair<int32_t, int32_t>>& merges) {
  Ids ids(text.begin(), text.end());
  for (size_t rank = 0; rank < merges.size();) {
    auto [left, right] = merges[rank];
    auto at = std::adjacent_find(ids.begin(), ids.end(), [=](int a, int b) { return a == left && b == right; });
    if (at == ids.end()) {
      ++rank;
      continue;
    }
    *at = 256 + static_cast<int32_t>(rank);
    ids.erase(at + 1);
    rank = 0;
  }
  return ids;
}

TEST(Tokenizer, MergesLikeThePlainRuleOnEveryShortText) {
  SmallTokenizer small;
  small.merge("b", "a").merge("a", "b").merge("a", "a").merge("aa", "ba").merge("ab", "ab").merge("ba", "b");
  small.document["pre_tokenizer"]["use_regex"] = false;
  Tokenizer tokenizer = small.make();
  std::vector<std::pair<int32_t, int32_t>> merges = {{'b', 'a'}, {'a', 'b'}, {'a', 'a'},
                                                     {258, 256}, {257, 257}, {256, 'b'}};
  for (uint32_t length = 1; length <= 12; ++length) {
    for (uint32_t bits = 0; bits < 1u << length; ++bits) {
      std::string text;
      for (uint32_t i = 0; i < length; ++i) text += bits >> i & 1 ? 'b' : 'a';
      ASSERT_EQ(ids_of(tokenizer, text), merge_plainly(text, merges)) << text;
    }
  }
}

TEST(Tokenizer, TakesAMebibyteOfOneWordInItsStride) {
  SmallTokenizer small;
  small.merge("a", "a").merge("aa", "aa").merge("aaaa", "aaaa");
  EXPECT_EQ(ids_of(small.make(), std::string(1 << 20, 'a')), Ids((1 << 20) / 8, 258));
}

TEST(Tokenizer, TakesAMebibyteOfMarksInItsStride) {
  std::string marks = "e";
  for (int i = 0; i < 1 << 18; ++i) marks += i % 2 ? "\u0316" : "\u0301";
  EXPECT_FALSE(ids_of(SmallTokenizer().make(), marks).empty());
}

TEST(Tokenizer, EncodesFromSeveralThreads) {
  Tokenizer tokenizer = hello().make();
  std::string text;
  for (int i = 0; i < 500; ++i) text += "hello hells \u00e9";
  const Ids expected = ids_of(tokenizer, text);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_EQ(ids_of(tokenizer, text), expected); });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace tenon
