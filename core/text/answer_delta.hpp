// What an answer is made of as it comes: reasoning, content, tool calls. Values without a thread rule.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tenon {

struct AnswerDelta {
  enum class Kind : uint8_t {
    kReasoning,      // text: more of what the model thinks
    kContent,        // text: more of what it says
    kCallBegun,      // text: the name of the function
    kCallArguments,  // text: more of the arguments, a JSON object when the call has ended
    kCallEnded,      // the call is whole
    kCallVoid,       // the call turned out to be none; what the model wrote comes after this as content
  };
  Kind kind;
  uint32_t call = 0;  // of kCall...: which call, in the order of their beginnings; no number comes twice
  std::string text;
  bool operator==(const AnswerDelta&) const = default;
};

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON text
  bool operator==(const ToolCall&) const = default;
};

// The answer that deltas add up to.
struct ParsedAnswer {
  std::string reasoning;
  std::string content;
  std::vector<ToolCall> calls;

  void add(const AnswerDelta& delta);
  bool operator==(const ParsedAnswer&) const = default;
};

}  // namespace tenon
