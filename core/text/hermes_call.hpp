// A tool call as a JSON object: {"name": NAME, "arguments": {...}}</tool_call>. Both keys once, in any order;
// the name is not empty, the arguments are an object, other keys are passed over. The arguments come out as the
// model wrote them, white space included, while they come in, unless they stand before the name. One thread at
// a time.
#pragma once
#include <tenon/text/json_scanner.hpp>
#include <tenon/text/tag_matcher.hpp>
#include <tenon/text/tool_calls.hpp>

namespace tenon {

class HermesCall final : public ToolCallReader {
 public:
  State push(char byte, CallSink& sink) override;
  bool may_end() const override { return json_.place() == JsonScanner::Place::kEnd; }

 private:
  enum class Field : uint8_t { kOther, kName, kArguments };

  bool begin_value(char byte, CallSink& sink);
  bool end_key();
  bool end_value(CallSink& sink);
  void add_to_value(char byte, CallSink& sink);

  JsonScanner json_;
  ExpectedTag close_{{"</tool_call>"}};
  std::string text_;  // of the key or the name that is being read, quotes included
  Field field_ = Field::kOther;
  bool is_in_value_ = false;  // of field_
  std::string name_;
  std::string early_arguments_;  // those that came before the name
  bool has_arguments_ = false;
};

}  // namespace tenon
