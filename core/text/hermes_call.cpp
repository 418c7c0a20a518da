#include <tenon/base/json.hpp>
#include <tenon/text/hermes_call.hpp>

#include <utility>

namespace tenon {
namespace {

using Place = JsonScanner::Place;

// The text that a JSON string stands for; empty if it stands for none, as a lone surrogate does.
std::string unquoted(const std::string& json) {
  Json text = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  return text.is_string() ? text.get<std::string>() : std::string();
}

}  // namespace

ToolCallReader::State HermesCall::push(char byte, CallSink& sink) {
  if (may_end()) {
    auto outcome = close_.push(byte);
    if (outcome == ExpectedTag::Outcome::kOther) return State::kMalformed;
    return outcome == ExpectedTag::Outcome::kFound ? State::kWhole : State::kMore;
  }
  Place before = json_.place();
  if (json_.depth() == 0 && byte != '{' && !is_json_space(byte)) return State::kMalformed;
  bool begins_value = json_.depth() == 1 && before == Place::kValue && !is_json_space(byte);
  Place after = json_.push(byte);
  if (after == Place::kError) return State::kMalformed;

  bool is_key =
      json_.depth() == 1 && ((after == Place::kString && json_.is_in_key()) || after == Place::kColon);
  if (is_key && !is_json_space(byte)) text_ += byte;
  if (before == Place::kString && after == Place::kColon && json_.depth() == 1 && !end_key())
    return State::kMalformed;
  if (begins_value && !begin_value(byte, sink)) return State::kMalformed;
  if (is_in_value_) add_to_value(byte, sink);
  bool ends_value = is_in_value_ && json_.depth() == 1 && after == Place::kAfterValue;
  if (ends_value && !end_value(sink)) return State::kMalformed;
  bool is_complete = !name_.empty() && has_arguments_;
  return after == Place::kEnd && !is_complete ? State::kMalformed : State::kMore;
}

// Which field it is that has a value now; false if it was given before.
bool HermesCall::end_key() {
  std::string key = unquoted(std::exchange(text_, {}));
  field_ = key == "name" ? Field::kName : key == "arguments" ? Field::kArguments : Field::kOther;
  return (field_ != Field::kName || name_.empty()) && (field_ != Field::kArguments || !has_arguments_);
}

bool HermesCall::begin_value(char byte, CallSink& sink) {
  if (field_ == Field::kOther) return true;
  is_in_value_ = true;
  if (field_ == Field::kName) return byte == '"';
  if (!name_.empty()) sink.begin_call(name_);
  return byte == '{';
}

void HermesCall::add_to_value(char byte, CallSink& sink) {
  if (field_ == Field::kName)
    text_ += byte;
  else if (name_.empty())
    early_arguments_ += byte;
  else
    sink.add_arguments({&byte, 1});
}

bool HermesCall::end_value(CallSink& sink) {
  is_in_value_ = false;
  if (field_ == Field::kArguments) {
    has_arguments_ = true;
    return true;
  }
  name_ = unquoted(std::exchange(text_, {}));
  if (name_.empty()) return false;
  if (!has_arguments_) return true;
  sink.begin_call(name_);
  sink.add_arguments(std::exchange(early_arguments_, {}));
  return true;
}

}  // namespace tenon
