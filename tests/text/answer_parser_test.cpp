#include "answer_helpers.hpp"

namespace tenon {
namespace {

using Kind = AnswerDelta::Kind;

const AnswerParserOptions kPlain{};
const AnswerParserOptions kThinking{.start = AnswerPart::kReasoning};
const AnswerParserOptions kTools{.format = ToolFormat::kHermes};
const AnswerParserOptions kThinkingTools{.start = AnswerPart::kReasoning, .format = ToolFormat::kHermes};

const std::string kCallText = "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
const ToolCall kCall{"f", "{\"a\": 1}"};

TEST(AnswerParser, PlainTextIsContentByteForByte) {
  for (const char* text :
       {"", "Hello", "\n\nHello\n\n", "a < b </ c <think", "<tool_call>{}</tool_call>", "</think>\n"})
    EXPECT_EQ(parse_every_way(text, kPlain), (ParsedAnswer{"", text, {}}));
}

TEST(AnswerParser, ReasoningGoesToTheEndOfThinkWithoutTheNewlinesAround) {
  EXPECT_EQ(parse_every_way("I add.\n\nThen: 42\n</think>\n\nIt is 42.\n", kThinking),
            (ParsedAnswer{"I add.\n\nThen: 42", "It is 42.\n", {}}));
  EXPECT_EQ(parse_every_way("\n</think>\n\n42", kThinking), (ParsedAnswer{"", "42", {}}));
  EXPECT_EQ(parse_every_way("never ends\n", kThinking), (ParsedAnswer{"never ends", "", {}}));
}

TEST(AnswerParser, AThoughtThatTheModelOpensItselfIsReasoning) {
  EXPECT_EQ(parse_every_way("<think>\nHm.\n</think>\n\n42", kPlain), (ParsedAnswer{"Hm.", "42", {}}));
  EXPECT_EQ(parse_every_way("\n<think>Hm.</think>42", kPlain), (ParsedAnswer{"Hm.", "42", {}}));
  EXPECT_EQ(parse_every_way("<think>\nHm.</think>42", kThinking), (ParsedAnswer{"Hm.", "42", {}}));
}

TEST(AnswerParser, LaterTagsOfThinkingAreText) {
  EXPECT_EQ(parse_every_way("a <think>b</think>", kPlain), (ParsedAnswer{"", "a <think>b</think>", {}}));
  EXPECT_EQ(parse_every_way("a <think> b</think>c<think>d</think>", kThinking),
            (ParsedAnswer{"a <think> b", "c<think>d</think>", {}}));
  EXPECT_EQ(parse_every_way("a</think><think>d", kThinking), (ParsedAnswer{"a", "<think>d", {}}));
}

TEST(AnswerParser, CallsStandBesideContent) {
  EXPECT_EQ(parse_every_way("Let me see.\n" + kCallText, kTools), (ParsedAnswer{"", "Let me see.", {kCall}}));
  EXPECT_EQ(parse_every_way(kCallText + "\n", kTools), (ParsedAnswer{"", "", {kCall}}));
  EXPECT_EQ(parse_every_way(kCallText + "\n" + kCallText + kCallText, kTools),
            (ParsedAnswer{"", "", {kCall, kCall, kCall}}));
  EXPECT_EQ(parse_every_way("a\n\n" + kCallText + "\nb", kTools), (ParsedAnswer{"", "a\n\nb", {kCall}}));
}

TEST(AnswerParser, CallsInReasoningAreReasoning) {
  EXPECT_EQ(parse_every_way("I could " + kCallText + "\n</think>\n\n" + kCallText, kThinkingTools),
            (ParsedAnswer{"I could " + kCallText, "", {kCall}}));
  EXPECT_EQ(parse_every_way(kCallText, kThinkingTools), (ParsedAnswer{kCallText, "", {}}));
}

TEST(AnswerParser, WithoutToolsCallsAreContent) {
  EXPECT_EQ(parse_every_way("a\n" + kCallText + "\n", kPlain),
            (ParsedAnswer{"", "a\n" + kCallText + "\n", {}}));
}

TEST(AnswerParser, ACallThatLacksOnlyItsEndCountsAtTheEndOfTheText) {
  std::string text = kCallText.substr(0, kCallText.find("</tool_call>"));
  EXPECT_EQ(parse_every_way(text, kTools), (ParsedAnswer{"", "", {kCall}}));
  EXPECT_EQ(parse_every_way(text + "</tool", kTools), (ParsedAnswer{"", "", {kCall}}));
  EXPECT_EQ(parse_every_way(text + "x", kTools), (ParsedAnswer{"", text + "x", {}}));
}

TEST(AnswerParser, ACallBehindOneThatIsNoneIsFound) {
  std::string broken = kCallText.substr(0, kCallText.find("</tool_call>"));
  EXPECT_EQ(parse_every_way(broken + kCallText, kTools), (ParsedAnswer{"", broken, {kCall}}));
  EXPECT_EQ(parse_every_way("<tool_call>" + kCallText, kTools), (ParsedAnswer{"", "<tool_call>", {kCall}}));
  EXPECT_EQ(parse_every_way("<tool_call>{\"name\"\n" + kCallText, kTools),
            (ParsedAnswer{"", "<tool_call>{\"name\"\n", {kCall}}));
}

TEST(AnswerParser, TagsInStringsOfACallAreText) {
  std::string arguments = R"({"a": "</tool_call><tool_call>{<think></think>"})";
  EXPECT_EQ(
      parse_every_way("<tool_call>{\"name\": \"f\", \"arguments\": " + arguments + "}</tool_call>", kTools),
      (ParsedAnswer{"", "", {{"f", arguments}}}));
}

TEST(AnswerParser, ArgumentsComeOutWhileTheyComeIn) {
  AnswerParser parser(AnswerMarkers(), kTools);
  EXPECT_TRUE(parser.push(-1, "<tool_call>{\"name\": \"f\", \"arguments\": ").empty());
  EXPECT_EQ(parser.push(-1, "{\"a\": \"x"),
            (std::vector<AnswerDelta>{{Kind::kCallBegun, 0, "f"}, {Kind::kCallArguments, 0, "{\"a\": \"x"}}));
  EXPECT_EQ(parser.push(-1, "yz"), (std::vector<AnswerDelta>{{Kind::kCallArguments, 0, "yz"}}));
  EXPECT_EQ(parser.push(-1, "\"}}"), (std::vector<AnswerDelta>{{Kind::kCallArguments, 0, "\"}"}}));
  EXPECT_EQ(parser.push(-1, "</tool_call>"), (std::vector<AnswerDelta>{{Kind::kCallEnded, 0, ""}}));
  EXPECT_TRUE(parser.finish().empty());
}

TEST(AnswerParser, ACallTakenBackComesAsContentAndKeepsItsNumber) {
  std::string broken = "\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": oops";
  std::vector<AnswerDelta> wanted = {{Kind::kContent, 0, "a"},
                                     {Kind::kCallBegun, 0, "f"},
                                     {Kind::kCallArguments, 0, "{\"a\": "},
                                     {Kind::kCallVoid, 0, ""},
                                     {Kind::kContent, 0, broken},
                                     {Kind::kCallBegun, 1, "f"},
                                     {Kind::kCallArguments, 1, "{\"a\": 1}"},
                                     {Kind::kCallEnded, 1, ""}};
  EXPECT_EQ(parse_whole("a" + broken + "\n" + kCallText, kTools).all(), wanted);
}

TEST(AnswerParser, DeliveredWholeACallComesAtItsEndAndNumbersHaveNoGaps) {
  AnswerParserOptions options = kTools;
  options.delivery = CallDelivery::kWhole;
  AnswerParser parser(AnswerMarkers(), options);
  EXPECT_EQ(
      parser.push(-1, "<tool_call>{\"name\": \"f\", \"arguments\": {oops"),
      (std::vector<AnswerDelta>{{Kind::kContent, 0, "<tool_call>{\"name\": \"f\", \"arguments\": {oops"}}));
  EXPECT_TRUE(parser.push(-1, kCallText.substr(0, kCallText.size() - 1)).empty());
  EXPECT_EQ(parser.push(-1, ">"), (std::vector<AnswerDelta>{{Kind::kCallBegun, 0, "f"},
                                                            {Kind::kCallArguments, 0, "{\"a\": 1}"},
                                                            {Kind::kCallEnded, 0, ""}}));
}

TEST(AnswerParser, LettersOfAMarkThatAreNoTokenOfItsAreText) {
  const Tokenizer& tokenizer = marked_tokenizer();
  AnswerParser parser{AnswerMarkers(tokenizer), kThinkingTools};
  std::string text = "a</think>" + kCallText;
  Deltas deltas;
  for (int32_t id : ids_of(tokenizer, text, AddedTokens::kIgnored))
    deltas.add(parser.push(id, tokenizer.bytes_of(id)));
  EXPECT_EQ(parser.part(), AnswerPart::kReasoning);
  deltas.add(parser.push(257, "</think>"));
  EXPECT_EQ(parser.part(), AnswerPart::kContent);
  for (int32_t id : ids_of(tokenizer, kCallText, AddedTokens::kIgnored))
    deltas.add(parser.push(id, tokenizer.bytes_of(id)));
  deltas.add(parser.finish());
  EXPECT_EQ(deltas.answer(), (ParsedAnswer{text, kCallText, {}}));
}

TEST(AnswerParser, AMarkCountsWithoutItsTextAndBehindTextThatWasHeldBack) {
  AnswerParser parser(AnswerMarkers(marked_tokenizer()), kThinking);
  Deltas deltas;
  deltas.add(parser.push('a', "a"));
  deltas.add(parser.push(257, "\uFFFD</think>"));
  deltas.add(parser.push('b', "b"));
  deltas.add(parser.finish("\uFFFD"));
  EXPECT_EQ(deltas.answer(), (ParsedAnswer{"a\uFFFD", "b\uFFFD", {}}));
  AnswerParser other(AnswerMarkers(marked_tokenizer()), kThinking);
  other.push('a', "a");
  other.push(257, "");
  EXPECT_EQ(other.part(), AnswerPart::kContent);
}

TEST(AnswerParser, CountsTheTokensOfReasoning) {
  AnswerParser parser(AnswerMarkers(marked_tokenizer()), kPlain);
  parser.push(256, "<think>");
  parser.push('a', "a");
  parser.push(257, "</think>");
  parser.push('b', "b");
  EXPECT_EQ(parser.reasoning_tokens(), 3u);
}

TEST(AnswerParser, ACallBeyondTheLimitIsContent) {
  AnswerParserOptions options = kTools;
  options.call_bytes_max = 60;
  std::string arguments = "{\"a\": \"" + std::string(100, 'x') + "\"}";
  std::string text = "<tool_call>{\"name\": \"f\", \"arguments\": " + arguments + "}</tool_call>";
  EXPECT_EQ(parse_every_way(text, options), (ParsedAnswer{"", text, {}}));
  options.call_bytes_max = text.size();
  EXPECT_EQ(parse_every_way(text, options), (ParsedAnswer{"", "", {{"f", arguments}}}));
}

TEST(PartAfter, IsReadOffThePromptsLastTurn) {
  const Tokenizer& tokenizer = marked_tokenizer();
  AnswerMarkers markers(tokenizer);
  auto part = [&](const std::string& prompt) {
    return part_after(ids_of(tokenizer, prompt), tokenizer, markers);
  };
  EXPECT_EQ(part("hello<|end|>assistant\n<think>\n"), AnswerPart::kReasoning);
  EXPECT_EQ(part("hello<|end|>assistant\n<think>\n\n</think>\n\n"), AnswerPart::kContent);
  EXPECT_EQ(part("hello<|end|>assistant\n"), AnswerPart::kContent);
  EXPECT_EQ(part("<think><|end|>assistant\n"), AnswerPart::kContent);
  EXPECT_EQ(part("<|end|>assistant\n<think>\nSo far I"), AnswerPart::kReasoning);
  EXPECT_EQ(part(""), AnswerPart::kContent);
}

TEST(PartAfter, LooksAtTheTextWhereTheTokenizerHasNoSuchTokens) {
  Tokenizer tokenizer = SmallTokenizer().add("<|end|>", {"special"}).make();
  AnswerMarkers markers(tokenizer);
  auto part = [&](const std::string& prompt) {
    return part_after(ids_of(tokenizer, prompt), tokenizer, markers);
  };
  EXPECT_EQ(part("hello<|end|>assistant\n<think>\n"), AnswerPart::kReasoning);
  EXPECT_EQ(part("<think><|end|>assistant\n"), AnswerPart::kContent);
  EXPECT_EQ(part("<|end|><think>a</think>"), AnswerPart::kContent);
}

TEST(PartAfter, LettersTypedByAUserOpenNothing) {
  const Tokenizer& tokenizer = marked_tokenizer();
  auto ids = ids_of(tokenizer, "say <think>", AddedTokens::kIgnored);
  EXPECT_EQ(part_after(ids, tokenizer, AnswerMarkers(tokenizer)), AnswerPart::kContent);
}

}  // namespace
}  // namespace tenon
