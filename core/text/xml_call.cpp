#include <tenon/text/xml_call.hpp>

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

// Whether the text, in any case of letters, may still become "null".
bool may_be_null(std::string_view text) {
  constexpr std::string_view kNull = "null";
  return text.size() <= kNull.size() && std::equal(text.begin(), text.end(), kNull.begin(),
                                                   [](char a, char b) { return a == b || (a | 0x20) == b; });
}

}  // namespace

void ParameterValue::begin(uint8_t types) {
  *this = ParameterValue();
  types_ = types;
}

void ParameterValue::push(char byte, CallSink& sink) {
  bool was_first = std::exchange(is_first_, false);
  if (was_first && byte == '\n') return;
  if (std::exchange(has_newline_, byte == '\n')) add('\n', sink);
  if (byte != '\n') add(byte, sink);
}

void ParameterValue::add(char byte, CallSink& sink) {
  text_ += byte;
  if (types_ != kJsonString || (!is_string_ && may_be_null(text_))) return;
  json_.clear();
  if (!std::exchange(is_string_, true)) json_ += '"';
  append_json_escaped(json_, text_);
  text_.clear();
  sink.add_arguments(json_);
}

void ParameterValue::end(CallSink& sink) {
  sink.add_arguments(is_string_ ? "\"" : json_of_plain(text_, types_));
}

ToolCallReader::State XmlCall::push(char byte, CallSink& sink) {
  switch (place_) {
    case Place::kFunction: return expect(function_, byte, sink);
    case Place::kBody: return expect(body_, byte, sink);
    case Place::kClose: return expect(close_, byte, sink);
    case Place::kName:
    case Place::kKey: return push_name(byte, sink);
    case Place::kValue: return push_value(byte, sink);
  }
  return State::kMalformed;
}

ToolCallReader::State XmlCall::expect(ExpectedTag& tag, char byte, CallSink& sink) {
  switch (tag.push(byte)) {
    case ExpectedTag::Outcome::kMore: return State::kMore;
    case ExpectedTag::Outcome::kFound: return found_tag(tag.found(), sink);
    case ExpectedTag::Outcome::kOther: break;
  }
  return State::kMalformed;
}

ToolCallReader::State XmlCall::found_tag(size_t number, CallSink& sink) {
  if (place_ == Place::kClose) return State::kWhole;
  if (place_ == Place::kFunction) {
    place_ = Place::kName;
    return State::kMore;
  }
  if (!std::exchange(is_begun_, true)) {
    sink.begin_call(function_name_);
    sink.add_arguments("{");
  }
  bool is_end = number == 1;
  if (is_end) sink.add_arguments("}");
  place_ = is_end ? Place::kClose : Place::kKey;
  return State::kMore;
}

ToolCallReader::State XmlCall::push_name(char byte, CallSink& sink) {
  if (byte != '>') {
    text_ += byte;
    bool is_name = byte != '\n' && byte != '<' && text_.size() <= kNameBytesMax;
    return is_name ? State::kMore : State::kMalformed;
  }
  if (text_.empty()) return State::kMalformed;
  if (place_ == Place::kKey) return begin_parameter(sink) ? State::kMore : State::kMalformed;
  function_name_ = std::exchange(text_, {});
  place_ = Place::kBody;
  return State::kMore;
}

bool XmlCall::begin_parameter(CallSink& sink) {
  std::string json = keys_.empty() ? "\"" : ", \"";
  append_json_escaped(json, text_);
  sink.add_arguments(json += "\": ");
  value_.begin(schemas_->types_of(function_name_, text_));
  place_ = Place::kValue;
  return keys_.insert(std::exchange(text_, {})).second;
}

ToolCallReader::State XmlCall::push_value(char byte, CallSink& sink) {
  for (char free : value_end_.push(byte)) value_.push(free, sink);
  if (!value_end_.found()) return State::kMore;
  value_.end(sink);
  place_ = Place::kBody;
  return State::kMore;
}

}  // namespace tenon
