#include <apps/server/api/messages.hpp>

namespace tenon::api {
namespace {

ApiError wrong(const std::string& param, const std::string& what, const char* code = "invalid_value") {
  return http::bad_request(param + ": " + what, param, code);
}

bool has(const Json& message, const char* field) {
  auto at = message.find(field);
  return at != message.end() && !at->is_null();
}

// Joined by line ends, as other servers do.
std::string text_of_parts(const Json& parts) {
  std::string text;
  for (const Json& part : parts) {
    if (&part != &parts.front()) text += '\n';
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

void read_arguments(Json& calls) {
  for (Json& call : calls) {
    Json& arguments = call["function"]["arguments"];
    if (!arguments.is_string()) continue;
    auto read = parse_json(arguments.get_ref<const std::string&>(), "arguments");
    if (read.ok() && read.value().is_object()) arguments = std::move(read).value();
  }
}

Reply<Json> read_message(Json message, const std::string& place) {
  std::string role = message["role"];
  if (role == "developer") message["role"] = role = "system";
  if (has(message, "content")) {
    if (message["content"].is_array()) message["content"] = text_of_parts(message["content"]);
  } else if (role != "assistant") {
    return wrong(place + ".content", "is missing, must be given", "missing_required_parameter");
  } else if (!has(message, "tool_calls") && !has(message, "reasoning_content") && !has(message, "reasoning")) {
    return wrong(place + ".content", "is missing, must be given unless there are tool_calls",
                 "missing_required_parameter");
  }
  if (has(message, "tool_calls")) {
    if (role != "assistant") return wrong(place + ".tool_calls", "is given, only an assistant can call");
    read_arguments(message["tool_calls"]);
  }
  if (has(message, "reasoning") && !has(message, "reasoning_content"))
    message["reasoning_content"] = message["reasoning"];
  message.erase("reasoning");
  return message;
}

}  // namespace

Reply<Json> read_messages(const Json& messages) {
  Json read = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    TENON_TRY(Json message, read_message(messages[i], "messages[" + std::to_string(i) + "]"));
    read.push_back(std::move(message));
  }
  return read;
}

std::string without(std::string_view text, std::string_view part) {
  std::string rest;
  while (!part.empty()) {
    size_t at = text.find(part);
    if (at == text.npos) break;
    rest += text.substr(0, at);
    text.remove_prefix(at + part.size());
  }
  return rest += text;
}

}  // namespace tenon::api
