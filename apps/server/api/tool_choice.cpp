#include <apps/server/api/tool_choice.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>
#include <set>

namespace tenon::api {
namespace {

ApiError wrong(const std::string& param, const std::string& what) {
  return http::bad_request(param + ": " + what, param, "invalid_value");
}

bool is_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; });
}

Reply<std::set<std::string>> read_names(const Json* tools) {
  std::set<std::string> names;
  for (size_t i = 0; tools && i < tools->size(); ++i) {
    std::string name = (*tools)[i]["function"]["name"],
                param = "tools[" + std::to_string(i) + "].function.name";
    if (!is_name(name))
      return wrong(param, "is \"" + printable(name, 64) + "\", must be of letters, digits, _, - and .");
    if (!names.insert(name).second) return wrong(param, "is \"" + name + "\" for the second time");
  }
  return names;
}

Reply<ToolChoice> read_named(const Json& choice, const std::set<std::string>& names) {
  const char* expected = "must be {\"type\": \"function\", \"function\": {\"name\": ...}}";
  bool is_function = choice.contains("type") && choice["type"] == "function" && choice.contains("function") &&
                     choice["function"].is_object() && choice["function"].contains("name") &&
                     choice["function"]["name"].is_string();
  if (!is_function) return wrong("tool_choice", expected);
  std::string name = choice["function"]["name"];
  if (!names.contains(name))
    return wrong("tool_choice.function.name", "is \"" + printable(name, 64) + "\", tools has no such function");
  return ToolChoice{ToolChoice::Kind::kNamed, name};
}

}  // namespace

Reply<ToolChoice> read_tool_choice(const Body& body) {
  TENON_TRY(auto names, read_names(body.find("tools")));
  const Json* choice = body.find("tool_choice");
  if (choice && choice->is_object()) return read_named(*choice, names);
  std::string word = choice ? choice->get<std::string>() : "auto";
  if (word == "required" && names.empty()) return wrong("tool_choice", "is required, there are no tools");
  if (names.empty() || word == "none") return ToolChoice{};
  return ToolChoice{word == "required" ? ToolChoice::Kind::kRequired : ToolChoice::Kind::kAuto, ""};
}

}  // namespace tenon::api
