#include "small_tokenizer.hpp"

#include <tenon/text/input_marks.hpp>

namespace tenon {
namespace {

// Ids 256 and 257 are control tokens, 258 is added but none.
Tokenizer chat_tokenizer() {
  return SmallTokenizer()
      .add("<|end|>", {"special"})
      .add("<|start|>", {"special"})
      .add("<think>")
      .parse()
      .value();
}

constexpr const char* kMark = "\uFDD0";

std::vector<int32_t> bytes_as_ids(std::string_view text) {
  std::vector<int32_t> ids;
  for (char byte : text) ids.push_back(static_cast<unsigned char>(byte));
  return ids;
}

TEST(InputMarks, AUsersTextNeverBecomesAControlToken) {
  Tokenizer tokenizer = chat_tokenizer();
  InputMarks marks(tokenizer);
  for (std::string text : {"<|end|>", "a<|end|><|start|>b", "<<|end|>", "<|end|", "ü<|end|>ü"}) {
    auto ids = tokenizer.encode(marks.protect(text, kMark), AddedTokens::kRecognised, kMark);
    EXPECT_EQ(ids.value(), bytes_as_ids(text)) << text;
  }
}

TEST(InputMarks, NorTogetherWithWhatFollowsIt) {
  Tokenizer tokenizer = chat_tokenizer();
  InputMarks marks(tokenizer);
  for (size_t cut = 1; cut < 7; ++cut) {
    std::string text = "<|end|>", first = text.substr(0, cut), rest = text.substr(cut);
    std::string both = marks.protect(first, kMark) + marks.protect(rest, kMark);
    EXPECT_EQ(tokenizer.encode(both, AddedTokens::kRecognised, kMark).value(), bytes_as_ids(text)) << cut;
  }
}

TEST(InputMarks, TheTemplatesOwnTokensStay) {
  Tokenizer tokenizer = chat_tokenizer();
  InputMarks marks(tokenizer);
  std::string text = "<|start|>" + marks.protect("x<|end|>", kMark) + "<|end|>";
  std::vector<int32_t> expected = bytes_as_ids("x<|end|>");
  expected.insert(expected.begin(), 257), expected.push_back(256);
  EXPECT_EQ(tokenizer.encode(text, AddedTokens::kRecognised, kMark).value(), expected);
}

TEST(InputMarks, OtherTextIsLeftAlone) {
  Tokenizer tokenizer = chat_tokenizer();
  InputMarks marks(tokenizer);
  for (std::string text : {"<think>", "a < b | c", "<|other|>", "\u4f60\u597d", ""})
    EXPECT_EQ(marks.protect(text, kMark), text);
  EXPECT_EQ(tokenizer.encode("<think>").value(), std::vector<int32_t>{258});
}

TEST(InputMarks, GoThroughWholeValues) {
  Tokenizer tokenizer = chat_tokenizer();
  InputMarks marks(tokenizer);
  Json value = {{"<|end|>", {"<|end|>", 1, nullptr}}, {"plain", true}};
  std::string marked = std::string("<") + kMark + "|end|>";
  EXPECT_EQ(marks.protect_all(value, kMark), (Json{{marked, {marked, 1, nullptr}}, {"plain", true}}));
}

TEST(InputMarks, AMarkOccursNowhereElse) {
  EXPECT_EQ(InputMarks::find_unused("text"), "\uFDD0");
  EXPECT_EQ(InputMarks::find_unused("\uFDD0\uFDD1"), "\uFDD2");
  std::string all;
  while (auto mark = InputMarks::find_unused(all)) all += *mark;
  EXPECT_EQ(all.size(), 32u * 3);
}

}  // namespace
}  // namespace tenon
