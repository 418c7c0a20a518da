// How models write calls of tools, and readers of them. A reader takes one call byte by byte.
#pragma once
#include <tenon/sdk/result.hpp>
#include <tenon/text/tool_schemas.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

enum class ToolFormat : uint8_t {
  kNone,    // tool calls are not looked for
  kHermes,  // <tool_call>{"name": NAME, "arguments": {...}}</tool_call>
  kXml,     // <tool_call><function=NAME><parameter=KEY>VALUE</parameter>...</function></tool_call>
};

// The format that a chat template asks the model for: by the tags that its text holds.
ToolFormat tool_format_of(std::string_view template_source);

// "none", "hermes" (also "qwen25", "qwen3_json") or "qwen3_coder" (also "qwen3_xml"), the names that servers
// use.
Result<ToolFormat> parse_tool_format(std::string_view name);

// Takes what a call says.
class CallSink {
 public:
  virtual void begin_call(std::string name) = 0;
  virtual void add_arguments(std::string_view text) = 0;

 protected:
  ~CallSink() = default;
};

// Reads one call, from after its <tool_call> to the end of its </tool_call>. Linear time; memory grows with a
// call, which its user limits. One thread at a time.
class ToolCallReader {
 public:
  enum class State { kMore, kWhole, kMalformed };

  virtual ~ToolCallReader() = default;

  // kMalformed: with this byte it is no call. Nothing may be pushed after kWhole or kMalformed.
  virtual State push(char byte, CallSink& sink) = 0;

  // Whether nothing is missing but white space and </tool_call>, which some models forget at the end.
  virtual bool may_end() const = 0;

  // REQUIRES: format is not kNone. The schemas must outlive the reader.
  static std::unique_ptr<ToolCallReader> make(ToolFormat format, const ToolSchemas& schemas);
};

}  // namespace tenon
