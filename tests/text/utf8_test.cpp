#include <tenon/text/byte_level.hpp>
#include <tenon/text/utf8.hpp>

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Utf8, ReplacesEachMaximalInvalidPartOnce) {
  EXPECT_EQ(replace_invalid_utf8("ab\u00e9"), "ab\u00e9");
  EXPECT_EQ(replace_invalid_utf8("\xff"), "\ufffd");
  EXPECT_EQ(replace_invalid_utf8("\xe2\x82z"), "\ufffdz");                          // cut short: one part
  EXPECT_EQ(replace_invalid_utf8("\xf0\x9f\x98"), "\ufffd");                        // cut short at the end
  EXPECT_EQ(replace_invalid_utf8("\xe0\x80\x80"), "\ufffd\ufffd\ufffd");            // overlong: byte by byte
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");            // a surrogate
  EXPECT_EQ(replace_invalid_utf8("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");  // beyond U+10FFFF
  EXPECT_EQ(replace_invalid_utf8("\xc3\xc3\xa9\x80"), "\ufffd\u00e9\ufffd");
}

TEST(Utf8, ComposesAndOrdersMarks) {
  EXPECT_EQ(normalize_nfc("plain"), "plain");
  EXPECT_EQ(normalize_nfc("e\u0301"), "\u00e9");
  EXPECT_EQ(normalize_nfc("d\u0307\u0323"), "\u1e0d\u0307");  // the mark below comes first
  EXPECT_EQ(normalize_nfc("\u1100\u1161\u11a8"), "\uac01");   // Hangul letters to a syllable
  EXPECT_EQ(normalize_nfc("\u0958"), "\u0915\u093c");         // excluded from composition
  EXPECT_EQ(normalize_nfc(std::string("a\0e\u0301", 5)), std::string("a\0\u00e9", 4));
}

TEST(Utf8, TellsWordsFromOtherCharacters) {
  for (const char* word : {"a", "\u00e9", "\u4e2d", "7", "_", "\u0301", "\u24b6", "\u203f"}) {
    EXPECT_TRUE(starts_with_word(word)) << word;
    EXPECT_TRUE(ends_with_word(std::string(".") + word)) << word;
  }
  for (const char* other : {"", ".", " ", "-", "\u00b2", "\U0001f600"})
    EXPECT_FALSE(starts_with_word(other)) << other;
}

TEST(Utf8, MeasuresWhiteSpaceAtBothEnds) {
  EXPECT_EQ(leading_space_bytes(" \t\u3000x "), 5u);
  EXPECT_EQ(trailing_space_bytes(" x\u2009\n"), 4u);
  EXPECT_EQ(leading_space_bytes("\u180ex"), 0u);  // no longer white space since Unicode 6.3
  EXPECT_EQ(trailing_space_bytes("   "), 3u);
}

TEST(ByteLevel, MapsEachByteToALetterAndBack) {
  EXPECT_EQ(letters_of(" hi\n"), "\u0120hi\u010a");
  for (int byte = 0; byte < 256; ++byte) {
    std::string bytes(1, static_cast<char>(byte));
    EXPECT_EQ(find_bytes(letters_of(bytes)), bytes);
  }
}

TEST(ByteLevel, KnowsWhatIsNotALetter) {
  for (const char* text : {"a b", "\u00ad", "\u0144", "\u4e2d", "\U0001f600"})
    EXPECT_EQ(find_bytes(text), std::nullopt);
}

}  // namespace
}  // namespace tenon
