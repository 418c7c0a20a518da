#include <tenon/base/text.hpp>
#include <tenon/text/stream_decoder.hpp>

#include "small_tokenizer.hpp"

#include <random>

namespace tenon {
namespace {

// Ids of a SmallTokenizer that are the bytes of the text.
std::vector<int32_t> bytes_as_ids(std::string_view text) {
  std::vector<int32_t> ids;
  for (char byte : text) ids.push_back(static_cast<uint8_t>(byte));
  return ids;
}

// All pieces together; each must be valid UTF-8.
std::string stream(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, SpecialTokens special) {
  StreamDecoder decoder(tokenizer, special);
  std::string text;
  for (int32_t id : ids) {
    std::string piece = decoder.push(id);
    EXPECT_TRUE(is_valid_utf8(piece));
    text += piece;
  }
  return text + decoder.flush();
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
  Tokenizer tokenizer = SmallTokenizer().make();
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push('a'), "a");
  EXPECT_EQ(decoder.push(0xe4), "");
  EXPECT_EQ(decoder.push(0xb8), "");
  EXPECT_EQ(decoder.push(0xad), "\u4e2d");
  EXPECT_EQ(decoder.flush(), "");
}

TEST(StreamDecoder, GivesAReplacementForACharacterThatIsNeverFinished) {
  Tokenizer tokenizer = SmallTokenizer().make();
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.push(0xe4), "");
  EXPECT_EQ(decoder.push('a'), "\ufffda");
  EXPECT_EQ(decoder.push(0xf0), "");
  EXPECT_EQ(decoder.push(0x9f), "");
  EXPECT_EQ(decoder.flush(), "\ufffd");
  EXPECT_EQ(decoder.flush(), "");
  EXPECT_EQ(decoder.push('b'), "b");
}

TEST(StreamDecoder, EqualsDecodingAtOnceOnTextSplitAtEveryByte) {
  Tokenizer tokenizer = SmallTokenizer().make();
  const std::string text = "a\u00e9\u4e2d\U0001f600\u0301z";
  for (size_t begin = 0; begin <= text.size(); ++begin) {
    for (size_t end = begin; end <= text.size(); ++end) {
      auto ids = bytes_as_ids(std::string_view(text).substr(begin, end - begin));
      EXPECT_EQ(stream(tokenizer, ids, SpecialTokens::kKeep), tokenizer.decode(ids));
    }
  }
}

TEST(StreamDecoder, EqualsDecodingAtOnceOnRandomIds) {
  SmallTokenizer small;
  small.merge(letters_of("\xe4"), letters_of("\xb8")).merge(letters_of("\xad"), letters_of("\xe4"));
  small.add("<|end|>", {"special"}).add("<think>");
  Tokenizer tokenizer = small.make();
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<int32_t> ids;
    for (uint32_t i = random() % 20; i > 0; --i)
      // Mostly bytes that lead and continue characters, and the tokens after them.
      ids.push_back(static_cast<int32_t>(random() % 3 == 0 ? 255 + random() % 7 : 0x78 + random() % 0x80));
    for (SpecialTokens special : {SpecialTokens::kKeep, SpecialTokens::kSkip})
      ASSERT_EQ(stream(tokenizer, ids, special), tokenizer.decode(ids, special));
  }
}

}  // namespace
}  // namespace tenon
