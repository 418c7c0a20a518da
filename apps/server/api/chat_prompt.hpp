// From a chat to the tokens that the model continues.
#pragma once
#include <apps/server/api/service.hpp>

#include <string>
#include <vector>

namespace tenon::api {

struct ChatPrompt {
  std::string text;  // as the template wrote it
  std::vector<int32_t> ids;
};

// body: of a table with chat_prompt_fields(). with_tools: whether the template is told of them. What users and
// tools wrote becomes no control token, unless the operator permits it. Waits for the template: at most a
// second.
Reply<ChatPrompt> render_chat(const Service& service, const Body& body, bool with_tools = true);

}  // namespace tenon::api
