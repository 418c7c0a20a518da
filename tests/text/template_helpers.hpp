// Renders a template given as text, with one user message unless the test says otherwise.
#pragma once
#include <tenon/text/chat_template.hpp>

#include <gtest/gtest.h>

namespace tenon {

inline Json chat(Json fields = Json::object()) {
  Json request = {{"messages", Json::array({{{"role", "user"}, {"content", "Hello"}}})}};
  request.update(fields);
  return request;
}

// The text, or "error: " and why there is none.
inline std::string render(const std::string& source, const Json& request = chat(),
                          const ChatTemplate::Limits& limits = {}) {
  auto compiled = ChatTemplate::compile(source, "t", Json::object(), limits);
  if (!compiled.ok()) return "error: " + compiled.error().text;
  auto rendered = compiled.value().render(request);
  return rendered.ok() ? rendered.value() : "error: " + rendered.error().text;
}

}  // namespace tenon
