// Calls in both formats: what is one, what is none, and how its arguments come out.
#include "answer_helpers.hpp"

namespace tenon {
namespace {

Json tools() {
  return Json::parse(R"([{"type": "function", "function": {"name": "f", "parameters": {"properties": {
    "text": {"type": "string"}, "count": {"type": "integer"}, "flag": {"type": "boolean"},
    "list": {"type": "array"}}}}}])");
}

const AnswerParserOptions kHermes{.format = ToolFormat::kHermes};
AnswerParserOptions xml() { return {.format = ToolFormat::kXml, .schemas = ToolSchemas(tools())}; }

std::string in_call(const std::string& inside) { return "<tool_call>" + inside + "</tool_call>"; }

void expect_content(const std::string& text, const AnswerParserOptions& options) {
  EXPECT_EQ(parse_every_way(text, options), (ParsedAnswer{"", text, {}}));
}

ToolCall only_call(const std::string& inside, const AnswerParserOptions& options) {
  ParsedAnswer answer = parse_every_way(in_call(inside), options);
  EXPECT_EQ(answer.content, "") << inside;
  EXPECT_EQ(answer.calls.size(), 1u) << inside;
  return answer.calls.empty() ? ToolCall{} : answer.calls.front();
}

TEST(HermesCall, TakesNameAndArgumentsInAnyOrder) {
  ToolCall wanted{"get_weather", R"({"city": "Paris", "days": [1, 2]})"};
  EXPECT_EQ(only_call(R"({"name": "get_weather", "arguments": {"city": "Paris", "days": [1, 2]}})", kHermes),
            wanted);
  EXPECT_EQ(only_call(R"( {"arguments":{"city": "Paris", "days": [1, 2]},"name":"get_weather"} )", kHermes),
            wanted);
  EXPECT_EQ(only_call("\n{\"id\": 3, \"name\": \"f\", \"x\": {\"name\": \"g\"}, \"arguments\": {}}\n", kHermes),
            (ToolCall{"f", "{}"}));
}

TEST(HermesCall, ArgumentsStayByteForByteAndNamesAreRead) {
  EXPECT_EQ(
      only_call("{\"name\": \"\\u0066\\n\", \"arguments\": {\"a\" :\n1.50, \"b\":\"\\u00e9\"  }}", kHermes),
      (ToolCall{"f\n", "{\"a\" :\n1.50, \"b\":\"\\u00e9\"  }"}));
}

TEST(HermesCall, WhatIsMalformedIsContent) {
  for (const char* inside : {"",
                             "null",
                             "[]",
                             "\"f\"",
                             "{}",
                             R"({"name": "f"})",
                             R"({"arguments": {}})",
                             R"({"name": "", "arguments": {}})",
                             R"({"name": 3, "arguments": {}})",
                             R"({"name": "f", "arguments": "{}"})",
                             R"({"name": "f", "arguments": null})",
                             R"({"name": "f", "arguments": []})",
                             R"({"name": "f", "arguments": {"a": 01}})",
                             R"({"name": "f", "arguments": {"a": "b}})",
                             R"({"name": "f", "name": "g", "arguments": {}})",
                             R"({"name": "f", "arguments": {}, "arguments": {}})",
                             R"({"name": "f", "arguments": {}} x)",
                             R"({"name": "f", "arguments": {},})",
                             R"({name: "f", arguments: {}})",
                             "{'name': 'f', 'arguments': {}}",
                             R"({"name": "\ud800", "arguments": {}})",
                             "{\"name\": \"f\", \"arguments\": {\"a\": \"\n\"}}",
                             R"({"arguments": {"a": 1}, "name": 4})",
                             R"({"name": "f", "arguments": {"a": 1]})"})
    expect_content("Yes:\n\n" + in_call(inside) + "\nDone.\n", kHermes);
}

TEST(HermesCall, ACallCutShortIsContent) {
  std::string text = in_call(R"({"name": "f", "arguments": {"a": [1, "x"]}})");
  size_t whole = text.size() - std::string("</tool_call>").size();
  for (size_t size = 0; size < whole; ++size) expect_content(text.substr(0, size), kHermes);
}

TEST(HermesCall, ArgumentsNestAsDeepAsTheLimit) {
  auto call = [](size_t depth) {
    return R"({"name": "f", "arguments": {"a": )" + std::string(depth, '[') + std::string(depth, ']') + "}}";
  };
  EXPECT_EQ(only_call(call(62), kHermes).name, "f");
  expect_content(in_call(call(63)), kHermes);
  expect_content(in_call(call(300)), kHermes);
}

TEST(XmlCall, TypesValuesByTheSchema) {
  EXPECT_EQ(
      only_call("\n<function=f>\n<parameter=text>\n12\n</parameter>\n<parameter=count>\n12\n</parameter>\n"
                "<parameter=flag>\nTrue\n</parameter>\n<parameter=list>\n[1, 2]\n</parameter>\n</function>\n",
                xml()),
      (ToolCall{"f", R"({"text": "12", "count": 12, "flag": true, "list": [1, 2]})"}));
  EXPECT_EQ(only_call("<function=f><parameter=count>many</parameter><parameter=other>1</parameter></function>",
                      xml()),
            (ToolCall{"f", R"({"count": "many", "other": "1"})"}));
  EXPECT_EQ(only_call("<function=f></function>", xml()), (ToolCall{"f", "{}"}));
  EXPECT_EQ(only_call("<function=unknown tool>\n</function>", xml()), (ToolCall{"unknown tool", "{}"}));
}

TEST(XmlCall, LeavesOutOneNewlineAtEachEndOfAValue) {
  auto text_of = [](const std::string& value) {
    ToolCall call = only_call("<function=f><parameter=text>" + value + "</parameter></function>", xml());
    return Json::parse(call.arguments)["text"].dump();
  };
  EXPECT_EQ(text_of("\na\n"), R"("a")");
  EXPECT_EQ(text_of("\n\na\n\n"), R"("\na\n")");
  EXPECT_EQ(text_of(""), R"("")");
  EXPECT_EQ(text_of("\n"), R"("")");
  EXPECT_EQ(text_of("\n\n"), R"("")");
  EXPECT_EQ(text_of("\n\n\n"), R"("\n")");
  EXPECT_EQ(text_of(" a\tb "), R"(" a\tb ")");
}

TEST(XmlCall, TagsInAValueAreText) {
  EXPECT_EQ(only_call("<function=f><parameter=text><parameter=x></function></tool_call><tool_call>\n</param</"
                      "parameter></function>",
                      xml()),
            (ToolCall{"f", R"({"text": "<parameter=x></function></tool_call><tool_call>\n</param"})"}));
}

TEST(XmlCall, NullIsNullForAnyType) {
  EXPECT_EQ(only_call("<function=f><parameter=text>null</parameter><parameter=count>null</parameter>"
                      "<parameter=b>nullify</parameter><parameter=c>nul</parameter></function>",
                      xml()),
            (ToolCall{"f", R"({"text": null, "count": null, "b": "nullify", "c": "nul"})"}));
}

TEST(XmlCall, StringsComeOutWhileTheyComeIn) {
  AnswerParser parser(AnswerMarkers(), xml());
  using Kind = AnswerDelta::Kind;
  EXPECT_EQ(
      parser.push(-1, "<tool_call><function=f><parameter=text>\nOnce"),
      (std::vector<AnswerDelta>{{Kind::kCallBegun, 0, "f"}, {Kind::kCallArguments, 0, "{\"text\": \"Once"}}));
  EXPECT_EQ(parser.push(-1, "\n\"upon"), (std::vector<AnswerDelta>{{Kind::kCallArguments, 0, "\\n\\\"upon"}}));
  EXPECT_TRUE(parser.push(-1, "\n</para").empty());
  EXPECT_EQ(parser.push(-1, "meter></function>"), (std::vector<AnswerDelta>{{Kind::kCallArguments, 0, "\"}"}}));
}

TEST(XmlCall, TheOpeningTagMayBeMissing) {
  std::string call = "<function=f>\n<parameter=count>\n1\n</parameter>\n</function>";
  ParsedAnswer wanted{"", "I look.", {{"f", R"({"count": 1})"}}};
  EXPECT_EQ(parse_every_way("I look.\n\n" + call + "\n</tool_call>", xml()), wanted);
  EXPECT_EQ(parse_every_way("I look.\n\n" + call, xml()), wanted);
  expect_content("<function=f> is a tag.", xml());
  expect_content(call + "\nDone.", xml());
}

TEST(XmlCall, WhatIsMalformedIsContent) {
  for (const char* inside :
       {"", "f", "<function>", "<function=></function>", "<function=f>", "<function=f\n></function>",
        "<function=f><parameter=></parameter></function>", "<function=f><parameter=a>1</function>",
        "<function=f>x</function>", "<function=f></function>x", "<function=f><parameter=a>1</parameter>",
        "<function=f><parameter=a>1</parameter><parameter=a>2</parameter></function>",
        "<function=f><parameter=a<b>1</parameter></function>", "{\"name\": \"f\", \"arguments\": {}}"})
    expect_content("Yes:\n\n" + in_call(inside) + "\nDone.\n", xml());
}

TEST(XmlCall, ACallCutShortIsContent) {
  std::string text = in_call("<function=f><parameter=text>\na b\n</parameter></function>");
  size_t whole = text.size() - std::string("</tool_call>").size();
  for (size_t size = 0; size < whole; ++size) expect_content(text.substr(0, size), xml());
}

TEST(ToolFormat, IsNamedAsServersNameIt) {
  EXPECT_EQ(parse_tool_format("hermes").value(), ToolFormat::kHermes);
  EXPECT_EQ(parse_tool_format("qwen3_coder").value(), ToolFormat::kXml);
  EXPECT_EQ(parse_tool_format("none").value(), ToolFormat::kNone);
  EXPECT_EQ(parse_tool_format("llama").error().text,
            "tool format: is llama, expected hermes, qwen3_coder or none");
}

TEST(ToolFormat, IsReadOffTheTemplate) {
  EXPECT_EQ(tool_format_of("<tool_call>\\n{\"name\": 1, \"arguments\": 2}"), ToolFormat::kHermes);
  EXPECT_EQ(tool_format_of("<tool_call>\\n<function=x>\\n<parameter=y> call.arguments"), ToolFormat::kXml);
  EXPECT_EQ(tool_format_of("<|im_start|>{{ message.content }}"), ToolFormat::kNone);
}

}  // namespace
}  // namespace tenon
