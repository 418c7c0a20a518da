// tools, tool_choice and what the answer's text must be, as a chat's body says it.
#pragma once
#include <apps/server/api/body.hpp>

#include <string>

namespace tenon::api {

struct ToolChoice {
  enum class Kind { kNone, kAuto, kRequired, kNamed };
  Kind kind = Kind::kNone;  // kNone too where there are no tools
  std::string name;         // if kNamed

  bool has_tools() const { return kind != Kind::kNone; }
};

// Fails where a tool is named twice or by a name that no client can write, and where the choice is of no tool.
Reply<ToolChoice> read_tool_choice(const Body& body);

// Fails where the answer would have to be held to something: a format, an expression, a call.
Check check_constraints(const Body& body, const ToolChoice& choice);

}  // namespace tenon::api
