#include <tenon/base/text.hpp>

#include <gtest/gtest.h>

namespace tenon {
namespace {

TEST(Text, FormatsBytesWithThreeDigits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(10 * 1024 + 512), "10.5 KiB");
  EXPECT_EQ(format_bytes(640 * 1024), "640 KiB");
  EXPECT_EQ(format_bytes(uint64_t{3} << 29), "1.50 GiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "16777216 TiB");
}

TEST(Text, FormatsCountsInGroupsOfThree) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(81'324'862'720), "81,324,862,720");
  EXPECT_EQ(format_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Text, JoinsWordsAsASentenceDoes) {
  EXPECT_EQ(join_words({}), "");
  EXPECT_EQ(join_words({"a"}), "a");
  EXPECT_EQ(join_words({"a", "b"}), "a and b");
  EXPECT_EQ(join_words({"a", "b", "c"}), "a, b and c");
}

TEST(Text, FindsTheNearestWordButNoFarOne) {
  std::vector<std::string> words = {"heads", "head_dim", "kv_heads"};
  EXPECT_EQ(find_nearest("heds", words), "heads");
  EXPECT_EQ(find_nearest("head_dims", words), "head_dim");
  EXPECT_EQ(find_nearest("haeds", words), "heads");
  EXPECT_EQ(find_nearest("x", words), std::nullopt);
  EXPECT_EQ(find_nearest("", words), std::nullopt);
  EXPECT_EQ(find_nearest("heads", {}), std::nullopt);
  EXPECT_EQ(did_you_mean("heds", words), " (did you mean heads?)");
  EXPECT_EQ(did_you_mean("context", words), "");
}

TEST(Text, ReadsSizesWithUnits) {
  EXPECT_EQ(parse_bytes("0"), 0u);
  EXPECT_EQ(parse_bytes("1048576"), 1u << 20);
  EXPECT_EQ(parse_bytes("4K"), 4096u);
  EXPECT_EQ(parse_bytes("4k"), 4096u);
  EXPECT_EQ(parse_bytes("1.5M"), 3u << 19);
  EXPECT_EQ(parse_bytes("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("2 GB"), uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("7B"), 7u);
}

TEST(Text, RefusesWhatIsNoSize) {
  for (const char* text :
       {"",    " ",    "K",   "-1", "-1K", "nan",  "NAN", "inf",   "-inf", "infinity", "nanK",
        "1e3", "0x10", "1,5", "4X", "4KX", "4Kib", "4BB", "4\xff", "\xff", "9999999T", "99999999999999999999",
        "+1"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Text, PrintableEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain, größe, 日本"), "plain, größe, 日本");
  EXPECT_EQ(printable("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");  // the eight-bit form of ESC [
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
}

TEST(Text, PrintableEscapesInvalidUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");
}

TEST(Text, PrintableCutsLongText) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable(std::string(1 << 20, '\n')).size(), 203u);
}

TEST(Text, KnowsValidUtf8) {
  for (const char* text : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(text)) << printable(text);
  for (const char* text : {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xe0\x80\x80", "\xe0\x9f\xbf",
                           "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                           "a\xe2\x82", "\xe2\x82z", "\xf0\x9f\x98"})
    EXPECT_FALSE(is_valid_utf8(text)) << printable(text);
}

TEST(Text, CompletePrefixEndsBeforeACutSequence) {
  std::string text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";  // 1, 2, 3 and 4 bytes
  std::vector<size_t> complete = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  for (size_t length = 0; length <= text.size(); ++length)
    EXPECT_EQ(utf8_complete_prefix(std::string_view(text).substr(0, length)), complete[length]) << length;
}

TEST(Text, CompletePrefixTakesInvalidBytesAsTheyAre) {
  for (const char* text :
       {"a\xff", "a\x80", "a\x80\x80\x80", "a\xc0", "a\xe0\x80", "a\xed\xa0", "a\xf4\x90", "a\xf5"})
    EXPECT_EQ(utf8_complete_prefix(text), std::string_view(text).size()) << printable(text);
}

}  // namespace
}  // namespace tenon
