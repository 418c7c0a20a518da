#include "grammar_bench.hpp"

#include <regex>

namespace tenon::grammar {
namespace {

const std::vector<std::string> kPatterns = {
    "",       "a",           "ab",           "a|b",           "a*",           "a+",
    "a?",     "a{2}",        "a{2,}",        "a{0,3}",        "a{1,2}b",      "(a|b)*",
    "(a+)+b", "(a*)*",       "(ab|a)(b|)",   "a.c",           ".*",           "[ab]",
    "[^a]",   "[a-c]+",      "[^a-b]*1",     "\\d+",          "\\w\\d",       "\\D*",
    "a\\.b",  "(?:ab)+",     "(a|ab|abc)c?", "(a{1,2}){2}",   "((a|b){2})*",  "a(b(c|1)?)?",
    "(|a)b",  "[ab][bc]|1+", "a*b*c*",       "(a*b)*a",       "[-a]+",        "[]]|a",
    "a??b",   "(a|b|c){3}",  "(abc|ab1)+",   "\\x61|\\u0062", "(1|a)?(1|b)?", "[.a]{2,4}",
    "\\S",    "a$",          "^ab|^b"};

template <class Visit>
void each_string(const std::string& alphabet, size_t length, Visit&& visit, std::string text = "") {
  visit(text);
  if (text.size() == length) return;
  for (char letter : alphabet) each_string(alphabet, length, visit, text + letter);
}

TEST(GrammarRegex, ReadsWhatAnotherImplementationReads) {
  EXPECT_GE(kPatterns.size(), 40u);
  for (const std::string& pattern : kPatterns) {
    if (pattern == "[]]|a") continue;  // ECMAScript reads it in another way; refused, see below
    Automaton automaton = automaton_of(Specification::regex(pattern));
    std::regex other(pattern.empty() ? "()" : pattern);
    each_string("abc1.", 5, [&](const std::string& text) {
      EXPECT_EQ(reads(automaton, text), std::regex_match(text, other)) << pattern << " and " << text;
    });
  }
}

TEST(GrammarRegex, RandomWalksEndInMatches) {
  std::mt19937 random(1);
  size_t texts = 0;
  for (const std::string& pattern : kPatterns) {
    if (pattern == "[]]|a") continue;
    auto grammar = grammar_of(Specification::regex(pattern));
    for (int i = 0; i < 20; ++i)
      if (auto text = random_text(grammar, random)) {
        EXPECT_TRUE(reads(grammar->automaton(), *text));
        ++texts;
      }
  }
  EXPECT_GT(texts, 700u);
}

TEST(GrammarRegex, CharactersAreUtf8) {
  auto matches = [](const char* pattern, const char* text) {
    return reads(automaton_of(Specification::regex(pattern)), text);
  };
  EXPECT_TRUE(matches(".", "\xc3\xa4"));
  EXPECT_TRUE(matches("[\xc3\xa4-\xc3\xb6]+", "\xc3\xa4\xc3\xa5"));
  EXPECT_FALSE(matches("[\xc3\xa4-\xc3\xb6]", "\xc3\xbc"));
  EXPECT_TRUE(matches("[^a]", "\xf0\x9f\x98\x80"));
  EXPECT_FALSE(matches(".", "\xc3")) << "half a character";
  EXPECT_FALSE(matches(".", "\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(matches(".", "\xc0\xaf")) << "longer than it must be";
  EXPECT_FALSE(matches(".", "\xf4\x90\x80\x80")) << "beyond Unicode";
}

TEST(GrammarRegex, EveryCharacterIsOneCharacter) {
  Automaton any = automaton_of(Specification::regex("[^\\n]"));
  size_t read = 0;
  for (uint32_t code = 0; code <= kCodeMax; code += code < 0x3000 ? 1 : 61) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    if (code < 0x80)
      text = {static_cast<char>(code)};
    else if (code < 0x800)
      text = {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
    else if (code < 0x10000)
      text = {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 63)),
              static_cast<char>(0x80 | (code & 63))};
    else
      text = {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
              static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
    EXPECT_EQ(reads(any, text), code != '\n') << code;
    ++read;
  }
  EXPECT_GT(read, 20000u);
}

TEST(GrammarRegex, WhatIsNotSupportedIsRefusedByPlace) {
  for (const char* pattern :
       {"(a",     "a)",          "[a",    "[]]|a", "*a",     "a**",   "a{2",     "a{3,2}", "a{1001}",
        "a{}",    "\\1",         "(?=a)", "(?!a)", "(?<=a)", "(?i)a", "\\bword", "a^b",    "(^a)",
        "\\p{L}", "[[:alpha:]]", "a\\",   "[z-a]", "\\x6",   "\xff",  "a++"}) {
    auto made = compile(Specification::regex(pattern));
    ASSERT_FALSE(made.ok()) << pattern;
    EXPECT_EQ(made.error().text.rfind("regex: ", 0), 0u) << made.error().text;
  }
  EXPECT_EQ(compile(Specification::regex("ab(?=c)")).error().text,
            "regex: a group of a kind that is not supported, expected (?: or (?P<name>, at character 4");
}

TEST(GrammarChoice, OneOfTheTextsAndNothingElse) {
  auto grammar = grammar_of(Specification::choice({"yes", "no", "not sure", "\xc3\xa4\"\\"}));
  each_string("yesno", 4, [&](const std::string& text) {
    EXPECT_EQ(reads(grammar->automaton(), text), text == "yes" || text == "no") << text;
  });
  EXPECT_TRUE(reads(grammar->automaton(), "not sure"));
  EXPECT_TRUE(reads(grammar->automaton(), "\xc3\xa4\"\\"));
  EXPECT_FALSE(compile(Specification::choice({})).ok());
}

}  // namespace
}  // namespace tenon::grammar
