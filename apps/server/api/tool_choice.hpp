// tools and tool_choice, as a chat's body says it.
#pragma once
#include <apps/server/api/body.hpp>

#include <string>

namespace tenon::api {

struct ToolChoice {
  enum class Kind { kNone, kAuto, kRequired, kNamed };
  Kind kind = Kind::kNone;  // kNone too where there are no tools
  std::string name;         // if kNamed

  bool has_tools() const { return kind != Kind::kNone; }
  bool must_call() const { return kind == Kind::kRequired || kind == Kind::kNamed; }
};

// Fails where a tool is named twice or by a name that no client can write, and where the choice is of no tool.
Reply<ToolChoice> read_tool_choice(const Body& body);

}  // namespace tenon::api
