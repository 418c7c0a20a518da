#include "small_tokenizer.hpp"

namespace tenon {
namespace {

using Ids = std::vector<int32_t>;

TEST(AddedTokens, AreFoundBeforeAnythingIsMerged) {
  SmallTokenizer small;
  small.merge("x", "a").add("ab");
  EXPECT_EQ(ids_of(small.make(), "xaxab"), Ids({256, 'x', 257}));
}

TEST(AddedTokens, NeverComeOutOfTextThatAUserTyped) {
  SmallTokenizer small;
  small.add("<|end|>", {"special"}).add("<think>").add("ő", {"normalized"});
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(ids_of(tokenizer, "<|end|>"), Ids({256}));
  for (std::string text : {"<|end|>", "<think>", "o\u030b", "<|end|><|end|>"}) {
    Ids ids = ids_of(tokenizer, text, AddedTokens::kIgnored);
    EXPECT_TRUE(std::all_of(ids.begin(), ids.end(), [](int32_t id) { return id < 256; })) << text;
  }
}

TEST(AddedTokens, NeverComeOutOfWholePiecesEither) {
  SmallTokenizer small;
  small.document["model"]["ignore_merges"] = true;
  small.document["model"]["vocab"]["end"] = small.next_id;
  small.add("end", {"special"});
  EXPECT_EQ(ids_of(small.make(), "end"), Ids({256}));
  EXPECT_EQ(ids_of(small.make(), "end", AddedTokens::kIgnored), Ids({'e', 'n', 'd'}));
}

TEST(AddedTokens, TheLongestAtAPlaceCounts) {
  SmallTokenizer small;
  small.add("ab").add("abcd").add("bcde");
  EXPECT_EQ(ids_of(small.make(), "abcde"), Ids({257, 'e'}));
  EXPECT_EQ(ids_of(small.make(), "abce"), Ids({256, 'c', 'e'}));
}

TEST(AddedTokens, SingleWordsStandAlone) {
  SmallTokenizer small;
  small.add("on", {"single_word"});
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(ids_of(tokenizer, "on on."), Ids({256, ' ', 256, '.'}));
  EXPECT_EQ(ids_of(tokenizer, "son"), Ids({'s', 'o', 'n'}));
  EXPECT_EQ(ids_of(tokenizer, "on\u00e9"), Ids({'o', 'n', 0xc3, 0xa9}));
}

TEST(AddedTokens, TakeWhiteSpaceAlong) {
  SmallTokenizer small;
  small.add("<l>", {"lstrip"}).add("<r>", {"rstrip"});
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(ids_of(tokenizer, "a \n\u3000<l> b"), Ids({'a', 256, ' ', 'b'}));
  EXPECT_EQ(ids_of(tokenizer, "a <r> \t b"), Ids({'a', ' ', 257, 'b'}));
  EXPECT_EQ(ids_of(tokenizer, "<r>  <l>"), Ids({257, 256}));
}

TEST(AddedTokens, NormalizedOnesAreFoundInTheNormalizedText) {
  SmallTokenizer small;
  small.add("e\u0301", {"normalized"}).add("o\u0301");
  Tokenizer tokenizer = small.make();
  EXPECT_EQ(ids_of(tokenizer, "\u00e9e\u0301"), Ids({256, 256}));
  EXPECT_EQ(ids_of(tokenizer, "o\u0301"), Ids({257}));
  EXPECT_EQ(ids_of(tokenizer, "\u00f3"), Ids({0xc3, 0xb3}));
}

TEST(AddedTokens, SpecialOnesAreLeftOutOnRequest) {
  SmallTokenizer small;
  small.add("<|end|>", {"special"}).add("<think>");
  Ids ids = {'a', 256, 257};
  EXPECT_EQ(small.make().decode(ids, SpecialTokens::kKeep), "a<|end|><think>");
  EXPECT_EQ(small.make().decode(ids, SpecialTokens::kSkip), "a<think>");
}

TEST(AddedTokens, MayStandInTheVocabularyAsWell) {
  SmallTokenizer small;
  small.document["model"]["vocab"]["<|end|>"] = small.next_id;
  small.add("<|end|>", {"special"});
  EXPECT_EQ(ids_of(small.make(), "<|end|>"), Ids({256}));
}

}  // namespace
}  // namespace tenon
