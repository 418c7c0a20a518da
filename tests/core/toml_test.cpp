// Text that is not TOML, or TOML that nobody wrote by hand.
#include "description_text.hpp"

namespace tenon::testing {
namespace {

void expect_not_toml(const std::string& text, const std::string& place) {
  auto parsed = parse(text);
  ASSERT_FALSE(parsed.ok()) << text.substr(0, 100);
  EXPECT_EQ(parsed.error().code, TENON_INVALID);
  EXPECT_TRUE(parsed.error().text.starts_with("description: is not valid TOML: ")) << parsed.error().text;
  EXPECT_TRUE(parsed.error().text.ends_with(" (m.toml:" + place + ")"))
      << parsed.error().text << ", expected " << place;
  EXPECT_EQ(parsed.error().text.find('\n'), std::string::npos) << parsed.error().text;
}

TEST(Toml, NamesThePlaceOfASyntaxError) {
  expect_not_toml("tenon = 1\n[model\nname = 1\n", "2:7");
  expect_not_toml("tenon = ", "1:9");
  expect_not_toml("a = 1\na = 2\n", "2:5");
  expect_not_toml("[a]\n[a]\n", "2:1");
  expect_not_toml("a = [1, 2", "1:10");
  expect_not_toml("a = \"never closed\n", "1:18");
  expect_not_toml("= 1", "1:1");
}

TEST(Toml, RefusesValuesThatAreNotToml) {
  for (const char* value : {"1_",
                            "01",
                            "0x",
                            "1e",
                            "tru",
                            "TRUE",
                            "+",
                            "'",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"\\ud800\"",
                            "{ a = 1,, }",
                            "[1,,2]",
                            "1979-13-45",
                            "25:00:00",
                            "99999999999999999999",
                            "-9223372036854775809",
                            "0xffffffffffffffffff",
                            "\"a\" \"b\"",
                            "1 2"}) {
    auto parsed = parse("a = " + std::string(value));
    ASSERT_FALSE(parsed.ok()) << value;
    EXPECT_TRUE(parsed.error().text.starts_with("description: is not valid TOML: "))
        << value << ": " << parsed.error().text;
  }
}

TEST(Toml, RefusesBytesThatAreNotText) {
  for (std::string text :
       {std::string("a = \"\xff\""), std::string("a = \"\xc0\x80\""), std::string("\xed\xa0\x80 = 1"),
        std::string("a = 1\0", 6), std::string("a = \"\x01\""), std::string("a = \"\x7f\""),
        std::string("\x7f"
                    "ELF\x02\x01\x01")}) {
    auto parsed = parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().text.find_first_of(std::string("\x01\x7f\x1b\n\0", 5)), std::string::npos);
    EXPECT_TRUE(parsed.error().text.starts_with("description: is not valid TOML: ")) << parsed.error().text;
  }
}

TEST(Toml, AcceptsAByteOrderMarkAndWindowsLines) {
  EXPECT_EQ(refusal_of(parse("\xef\xbb\xbf" + std::string(kDescription))), "");
  EXPECT_EQ(refusal_of(parse(replaced(kDescription, "\n", "\r\n"))), "");
}

TEST(Toml, DoesNotCrashOnDeepNesting) {
  for (int depth : {40, 1000, 100'000}) {
    std::string brackets(depth, '['), dots, inline_tables;
    for (int i = 0; i < depth; ++i) dots += i ? ".a" : "a", inline_tables += "{a=";
    for (const std::string& text :
         {"a = " + brackets, "a = " + brackets + std::string(depth, ']'), "a = " + inline_tables, dots + " = 1",
          "[" + dots + "]", "[[" + dots + "]]", "b = {" + dots + " = 1}"}) {
      auto parsed = parse(text);
      ASSERT_FALSE(parsed.ok());
      EXPECT_LT(parsed.error().text.size(), 500u);
    }
  }
}

TEST(Toml, NamesNestingThatIsTooDeep) {
  std::string dots = "a";
  for (int i = 0; i < 40; ++i) dots += ".a";
  EXPECT_EQ(refusal_of(parse("x = 1\n" + dots + " = 1")),
            "description: is nested more than 32 deep (m.toml:2:1)");
  EXPECT_EQ(refusal_of(parse("x = 1\n[" + dots + "]")),
            "description: is nested more than 32 deep (m.toml:2:2)");
}

TEST(Toml, DottedKeysInStringsAndCommentsDoNotCount) {
  std::string dots(400, '.');
  EXPECT_EQ(refusal_of(parse("# " + dots + "\n" +
                             changed("name = \"small\"", "name = \"" + dots + "[[[[{{{{" + "\""))),
            "");
}

TEST(Toml, NoTruncationOfAGoodDescriptionCrashes) {
  std::string text = kDescription;
  int refused = 0;
  for (size_t length = 0; length < text.size(); ++length) {
    auto parsed = parse(text.substr(0, length));
    if (parsed.ok()) continue;
    ++refused;
    ASSERT_NE(parsed.error().text.find("m.toml"), std::string::npos) << parsed.error().text;
    ASSERT_EQ(parsed.error().text.find('\n'), std::string::npos) << parsed.error().text;
  }
  EXPECT_GT(refused, 1000);
}

TEST(Toml, NoFlippedBitOfAGoodDescriptionCrashes) {
  int refused = 0;
  for (size_t at = 0; at < std::string_view(kDescription).size(); ++at) {
    std::string text = kDescription;
    text[at] = static_cast<char>(text[at] ^ (1 << at % 8));
    auto parsed = parse(text);
    if (parsed.ok()) continue;
    ++refused;
    ASSERT_NE(parsed.error().text.find("m.toml"), std::string::npos) << parsed.error().text;
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace tenon::testing
