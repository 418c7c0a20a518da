// From what a request asks for to an automaton, within limits; and what is kept of that for the next request.
//
// Threads   any; compiling takes up to CompileLimits.cpu_ms_max, so not in the engine's.
#pragma once
#include <tenon/text/grammar/automaton.hpp>

#include <string>
#include <vector>

namespace tenon::grammar {

// A tool that a model may call: its name and the schema of its arguments, an object.
struct Tool {
  std::string name, parameters;
};

// How calls are written.
//   kHermes      <tool_call>\n{"name": "f", "arguments": {...}}\n</tool_call>
//   kQwen3Coder  <tool_call>\n<function=f>\n<parameter=p>\nvalue\n</parameter>\n</function>\n</tool_call>
// In the second, a string stands as it is, without quotes and escapes; other values are JSON.
enum class ToolFormat { kHermes, kQwen3Coder };

// What an answer has to be. Everything but kJsonObject and kTools has one text or several.
struct Specification {
  enum class Kind { kJsonSchema, kJsonObject, kRegex, kChoice, kTools };

  Kind kind;
  std::string text;                  // the schema, the expression
  std::vector<std::string> choices;  // of kChoice
  std::vector<Tool> tools;           // of kTools: one of these is called
  ToolFormat format = ToolFormat::kHermes;
  bool allows_several = false;  // calls, one after the other

  static Specification json_schema(std::string schema) {
    return {Kind::kJsonSchema, std::move(schema), {}, {}};
  }
  static Specification json_object() { return {Kind::kJsonObject, {}, {}, {}}; }
  static Specification regex(std::string pattern) { return {Kind::kRegex, std::move(pattern), {}, {}}; }
  static Specification choice(std::vector<std::string> choices) {
    return {Kind::kChoice, {}, std::move(choices), {}};
  }

  // Equal only for equal specifications.
  std::string key() const;
};

// Errors name the kind ("json_schema: #/properties/a/minimum: ..."). What is beyond the limits fails with
// too_complex().
Result<Automaton> compile(const Specification& specification, const CompileLimits& limits = {});

}  // namespace tenon::grammar
