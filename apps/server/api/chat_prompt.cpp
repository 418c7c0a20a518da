#include <apps/server/api/chat_prompt.hpp>

#include <apps/server/api/messages.hpp>

namespace tenon::api {
namespace {

// Whether the last message is continued, and whether an answer is begun.
struct PromptEnd {
  bool continues = false, begins_answer = true;
};

Reply<PromptEnd> end_of(const Body& body) {
  PromptEnd end;
  end.continues = body.is_true("continue_final_message");
  const Json* begins = body.find("add_generation_prompt");
  end.begins_answer = begins ? begins->get<bool>() : !end.continues;
  if (end.continues && end.begins_answer)
    return http::bad_request(
        "add_generation_prompt: is true, must be false where the last message is continued",
        "add_generation_prompt", "invalid_value");
  return end;
}

Json template_variables(const Body& body) {
  const Json* given = body.find("chat_template_kwargs");
  Json variables = given ? *given : Json::object();
  if (auto effort = body.text("reasoning_effort")) {
    if (!variables.contains("enable_thinking")) variables["enable_thinking"] = *effort != "none";
    if (!variables.contains("reasoning_effort")) variables["reasoning_effort"] = *effort;
  }
  return variables;
}

// All that the template gets, as the client sent it.
Json template_request(const Body& body, Json messages, const PromptEnd& end, bool with_tools) {
  Json request = {{"messages", std::move(messages)},
                  {"add_generation_prompt", end.begins_answer},
                  {"kwargs", template_variables(body)}};
  if (const Json* tools = body.find("tools"); tools && with_tools && !tools->empty()) request["tools"] = *tools;
  return request;
}

// The prompt up to the end of what the last message says.
Check cut_after_last(std::string& text, const Json& message) {
  const std::string content = message.contains("content") && message["content"].is_string()
                                  ? message["content"].get<std::string>()
                                  : std::string();
  size_t last = content.find_last_not_of(" \t\r\n");
  std::string trimmed = last == content.npos ? "" : content.substr(0, last + 1);
  if (size_t first = trimmed.find_first_not_of(" \t\r\n"); first != trimmed.npos) trimmed.erase(0, first);
  size_t at = text.rfind(trimmed);
  if (message["role"] != "assistant" || trimmed.empty() || at == text.npos)
    return http::bad_request("messages: the last one cannot be continued, must be an assistant's with text",
                             "messages", "invalid_value");
  size_t end = at + trimmed.size();
  std::string rest = content.substr(content.find(trimmed) + trimmed.size());
  text.erase(text.compare(end, rest.size(), rest) == 0 ? end + rest.size() : end);
  return passed();
}

}  // namespace

Reply<ChatPrompt> render_chat(const Service& service, const Body& body, bool with_tools) {
  if (body.find("chat_template"))
    return http::bad_request("chat_template: is given, this server runs the model's own template only",
                             "chat_template", "unsupported_value");
  if (!service.chat_template())
    return http::bad_request("messages: the model served has no chat template, use /v1/completions", "messages",
                             "unsupported_value");
  TENON_TRY(PromptEnd end, end_of(body));
  TENON_TRY(Json messages, read_messages(*body.find("messages")));
  Json request = template_request(body, std::move(messages), end, with_tools);

  std::string mark;
  if (service.options().input == AddedTokens::kIgnored) {
    auto unused = InputMarks::find_unused(request.dump());
    if (!unused)
      return http::bad_request("messages: hold all of U+FDD0 to U+FDEF, which are no characters", "messages",
                               "invalid_value");
    mark = *unused;
    request = service.marks().protect_all(request, mark);
  }
  const TextSection& text = service.description().text;
  if (!text.bos_token.empty()) request["bos_token"] = text.bos_token;
  if (!text.eos_token.empty()) request["eos_token"] = text.eos_token;
  ChatPrompt prompt;
  TENON_TRY(prompt.text, blamed_on(service.chat_template()->render(request), "messages", "template_error"));
  if (end.continues) TENON_TRY(cut_after_last(prompt.text, request["messages"].back()));
  TENON_TRY(prompt.ids,
            blamed_on(service.tokenizer().encode(prompt.text, AddedTokens::kRecognised, mark), "messages"));
  prompt.text = without(prompt.text, mark);
  return prompt;
}

}  // namespace tenon::api
