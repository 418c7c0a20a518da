// Random answers made of what can stand in one, whole and in pieces.
#include "answer_helpers.hpp"

#include <tenon/text/json_scanner.hpp>

#include <random>

namespace tenon {
namespace {

const std::vector<std::string> kShared = {"<think>", "</think>", "<tool_call>", "</tool_call>", "\n",
                                          "\n\n",    "<",        "</",          "Hello",        "\u00e9\u4e16",
                                          " ",       "}",        "<tool_call"};
const std::vector<std::string> kHermesParts = {
    "{\"name\": \"f\", \"arguments\": {\"a\": 1}}",
    "{\"name\": \"g\"",
    ", \"arguments\": ",
    "{\"a\": [1, {",
    "\"name\": \"h\"",
    "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"<b>\"}}\n</tool_call>",
    "{",
    "}}",
    "\"",
    "]",
    ", "};
const std::vector<std::string> kXmlParts = {
    "<function=f>",
    "<parameter=text>",
    "<parameter=count>",
    "</parameter>",
    "</function>",
    "12",
    "null",
    "\"",
    "<tool_call>\n<function=f>\n<parameter=text>\na\n</parameter>\n</function>\n</tool_call>"};

class Mixer {
 public:
  explicit Mixer(uint32_t seed) : random_(seed) {}

  std::string mix(const std::vector<std::string>& parts) {
    std::string text;
    for (uint32_t count = random_() % 9; count > 0; --count) {
      const std::vector<std::string>& from = random_() % 3 == 0 ? kShared : parts;
      text += from[random_() % from.size()];
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

AnswerParserOptions options_of(ToolFormat format, AnswerPart start) {
  Json tools = Json::parse(
      R"([{"function": {"name": "f", "parameters": {"properties": {"count": {"type": "integer"}}}}}])");
  return {.start = start, .format = format, .schemas = ToolSchemas(tools)};
}

// Returns how many calls there were.
size_t check_random(ToolFormat format, const std::vector<std::string>& parts, AnswerPart start) {
  Mixer mixer(static_cast<uint32_t>(format) * 2 + static_cast<uint32_t>(start));
  size_t calls = 0;
  for (int round = 0; round < 1500 && !::testing::Test::HasFailure(); ++round) {
    std::string text = mixer.mix(parts);
    ParsedAnswer answer = parse_every_way(text, options_of(format, start));
    for (const ToolCall& call : answer.calls)
      EXPECT_TRUE(is_json(call.arguments)) << call.arguments << " of " << text;
    bool is_plain = start == AnswerPart::kContent && answer.reasoning.empty() && !text.starts_with("<think>") &&
                    !text.starts_with("\n<think>") && !text.starts_with("\n\n");
    if (answer.calls.empty() && is_plain) {
      EXPECT_EQ(answer.content, text);
    }
    calls += answer.calls.size();
  }
  return calls;
}

TEST(AnswerProperty, HermesAnswersDoNotDependOnTheCut) {
  EXPECT_GT(check_random(ToolFormat::kHermes, kHermesParts, AnswerPart::kContent), 300u);
  EXPECT_GT(check_random(ToolFormat::kHermes, kHermesParts, AnswerPart::kReasoning), 10u);
}

TEST(AnswerProperty, XmlAnswersDoNotDependOnTheCut) {
  EXPECT_GT(check_random(ToolFormat::kXml, kXmlParts, AnswerPart::kContent), 300u);
  EXPECT_GT(check_random(ToolFormat::kXml, kXmlParts, AnswerPart::kReasoning), 10u);
}

TEST(AnswerProperty, AnswersWithoutToolsDoNotDependOnTheCut) {
  EXPECT_EQ(check_random(ToolFormat::kNone, kHermesParts, AnswerPart::kReasoning), 0u);
  EXPECT_EQ(check_random(ToolFormat::kNone, kXmlParts, AnswerPart::kContent), 0u);
}

// A byte is looked at once or twice, so ten times the text takes about ten times the steps; the quadratic way
// would take minutes here.
TEST(AnswerProperty, LongAnswersOfTheWorstKindArePossible) {
  constexpr size_t kBytes = 4 << 20;
  for (const char* part :
       {"<", "\n", "<tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": {", "</tool_call"}) {
    std::string text;
    while (text.size() < kBytes) text += part;
    EXPECT_EQ(parse_whole(text, options_of(ToolFormat::kHermes, AnswerPart::kContent)).answer().content, text);
  }
}

}  // namespace
}  // namespace tenon
