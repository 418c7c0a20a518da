// A tool call as <function=NAME><parameter=KEY>VALUE</parameter>...</function></tool_call>. White space between
// tags means nothing; a value ends at the first </parameter>, and a newline at its beginning and end is not
// part of it. Values become JSON as the tool's schema says (tool_schemas.hpp); those of strings come out while
// they come in. A key that comes twice makes the call malformed. One thread at a time.
#pragma once
#include <tenon/text/tag_matcher.hpp>
#include <tenon/text/tool_calls.hpp>

#include <set>

namespace tenon {

// Plain text in, a JSON value out: as it comes if the value is a string for certain, otherwise at the end.
class ParameterValue {
 public:
  void begin(uint8_t types);
  void push(char byte, CallSink& sink);
  void end(CallSink& sink);

 private:
  void add(char byte, CallSink& sink);

  uint8_t types_ = 0;
  std::string text_;  // what cannot be written yet
  std::string json_;
  bool is_first_ = true;      // nothing has come
  bool has_newline_ = false;  // a newline came last, and may be the one that is not part of the value
  bool is_string_ = false;    // the opening quote is written
};

class XmlCall final : public ToolCallReader {
 public:
  explicit XmlCall(const ToolSchemas& schemas) : schemas_(&schemas) {}

  State push(char byte, CallSink& sink) override;
  bool may_end() const override { return place_ == Place::kClose; }

 private:
  static constexpr size_t kNameBytesMax = 256;  // of functions and parameters

  enum class Place : uint8_t { kFunction, kName, kBody, kKey, kValue, kClose };

  State expect(ExpectedTag& tag, char byte, CallSink& sink);
  State found_tag(size_t number, CallSink& sink);
  State push_name(char byte, CallSink& sink);
  bool begin_parameter(CallSink& sink);
  State push_value(char byte, CallSink& sink);

  const ToolSchemas* schemas_;
  Place place_ = Place::kFunction;
  ExpectedTag function_{{"<function="}};
  ExpectedTag body_{{"<parameter=", "</function>"}};
  ExpectedTag close_{{"</tool_call>"}};
  TagMatcher value_end_{{"</parameter>"}};
  ParameterValue value_;
  std::string text_;  // of the name or the key that is being read
  std::string function_name_;
  bool is_begun_ = false;
  std::set<std::string> keys_;
};

}  // namespace tenon
