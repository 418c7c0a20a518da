// What a chat template writes for an answer, taken apart again.
#include <tenon/text/chat_template.hpp>

#include "answer_helpers.hpp"
#include "test_data.hpp"

#include <map>

namespace tenon {
namespace {

struct Told {
  std::string reasoning, content;
  std::vector<ToolCall> calls;
};

Json tools() {
  return Json::parse(
      R"([{"type": "function", "function": {"name": "get_weather", "description": "x", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"},
    "more": {"type": "object"}}}}}])");
}

Json message_of(const Told& told) {
  Json message = {{"role", "assistant"}, {"content", told.content}, {"reasoning_content", told.reasoning}};
  for (const ToolCall& call : told.calls)
    message["tool_calls"].push_back(
        {{"type", "function"},
         {"function", {{"name", call.name}, {"arguments", Json::parse(call.arguments)}}}});
  return message;
}

std::string rendered(const ChatTemplate& chat_template, const Json& messages, bool asks) {
  Json request = {{"messages", messages},
                  {"tools", tools()},
                  {"add_generation_prompt", asks},
                  {"kwargs", {{"enable_thinking", true}}}};
  auto text = chat_template.render(request);
  EXPECT_TRUE(text.ok()) << text.error().text;
  return text.ok() ? text.value() : "";
}

const std::vector<Told>& cases() {
  static const std::vector<Told> all = {
      {"", "Hello.", {}},
      {"Two and two.\n\nFour.", "It is 4.", {}},
      {"", "", {{"get_weather", R"({"city": "Paris"})"}}},
      {"They ask for Paris.", "Let me see.", {{"get_weather", R"({"city": "Paris", "days": 2})"}}},
      {"Both.",
       "",
       {{"get_weather", R"({"city": "Pa\"r\\i\ns", "days": 2})"},
        {"get_weather", R"({"city": "", "more": {"a": [1, null]}})"}}},
      {"", "I try.", {{"unknown", R"({"x": "</tool_cal> <b> é 世"})"}}},
      {"", "", {{"get_weather", "{}"}}}};
  return all;
}

// The answer's text stands between what the template asks with and the end of the turn.
void expect_round_trip(const ChatTemplate& chat_template, const Tokenizer& tokenizer, const Told& told) {
  Json messages = Json::parse(R"([{"role": "user", "content": "What is the weather?"}])");
  std::string prompt = rendered(chat_template, messages, true);
  messages.push_back(message_of(told));
  std::string all = rendered(chat_template, messages, false);
  // Templates without thinking write no <think>, and some write a newline for the prompt's own.
  size_t common = 0;
  while (common < prompt.size() && prompt[common] == all[common]) ++common;
  ASSERT_GE(common + 8, prompt.size()) << all;
  std::string answer = all.substr(common, all.rfind("<|im_end|>") - common);

  AnswerMarkers markers(tokenizer);
  AnswerPart start = part_after(ids_of(tokenizer, all.substr(0, common)), tokenizer, markers);
  AnswerParser parser(
      markers,
      {.start = start, .format = tool_format_of(chat_template.source()), .schemas = ToolSchemas(tools())});
  Deltas deltas;
  for (int32_t id : ids_of(tokenizer, answer)) deltas.add(parser.push(id, tokenizer.bytes_of(id)));
  deltas.add(parser.finish());
  bool thinks = all.find("<think>", all.rfind("<|im_start|>")) != std::string::npos;
  EXPECT_EQ(deltas.answer(), (ParsedAnswer{thinks ? told.reasoning : "", told.content, told.calls})) << all;
}

TEST(AnswerRoundTrip, TheDemosTemplateIsUnderstood) {
  auto chat_template = ChatTemplate::load(TENON_SOURCE "/models/demo");
  auto tokenizer = Tokenizer::load(TENON_SOURCE "/models/demo/tokenizer.json");
  ASSERT_TRUE(chat_template.ok() && tokenizer.ok());
  EXPECT_EQ(tool_format_of(chat_template.value().source()), ToolFormat::kHermes);
  EXPECT_TRUE(AnswerMarkers(tokenizer.value()).id_of(Marker::kCall).has_value());
  for (const Told& told : cases()) expect_round_trip(chat_template.value(), tokenizer.value(), told);
}

TEST(AnswerRoundTrip, PublishedTemplatesAreUnderstood) {
  TENON_OUTSIDE_DATA(folder, "templates");
  auto tokenizer = Tokenizer::load(TENON_SOURCE "/models/demo/tokenizer.json");
  ASSERT_TRUE(tokenizer.ok());
  std::map<std::string, ToolFormat> formats = {{"qwen3-next-instruct", ToolFormat::kHermes},
                                               {"qwen3-next-thinking", ToolFormat::kHermes},
                                               {"qwen3-hybrid", ToolFormat::kHermes},
                                               {"qwen3-coder", ToolFormat::kXml},
                                               {"qwen3.5", ToolFormat::kXml}};
  for (const auto& [name, format] : formats) {
    SCOPED_TRACE(name);
    auto chat_template = ChatTemplate::load(*folder / (name + ".jinja"));
    ASSERT_TRUE(chat_template.ok()) << chat_template.error().text;
    EXPECT_EQ(tool_format_of(chat_template.value().source()), format);
    for (const Told& told : cases()) expect_round_trip(chat_template.value(), tokenizer.value(), told);
  }
}

}  // namespace
}  // namespace tenon
