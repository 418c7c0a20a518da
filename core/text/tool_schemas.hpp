// Which JSON types the parameters of a request's tools may have, and text as a value of such a type.
#pragma once
#include <tenon/base/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tenon {

// A set of JSON types.
enum JsonTypes : uint8_t {
  kJsonString = 1,
  kJsonInteger = 2,
  kJsonNumber = 4,
  kJsonBoolean = 8,
  kJsonArray = 16,
  kJsonObject = 32,
};

// Immutable, any thread.
class ToolSchemas {
 public:
  ToolSchemas() = default;

  // tools: the request's list, of {"type": "function", "function": {"name": ..., "parameters": SCHEMA}}, or
  // null. What has another form is left out: whether a request is right is for others to say.
  explicit ToolSchemas(const Json& tools);

  // What the parameter's schema lets it be (type, anyOf, oneOf, enum, const); a string where it does not say,
  // and where the function or the parameter is unknown. "number" includes integers.
  uint8_t types_of(const std::string& function, const std::string& parameter) const;

 private:
  std::map<std::string, std::map<std::string, uint8_t>> functions_;
};

// A value written as plain text, as JSON text: null where it says null (whatever the types), else what it can
// be read as, else a string. White space around it is left out, unless it can be nothing but a string. True,
// False and None are read as Python writes them. Nothing is evaluated.
std::string json_of_plain(std::string_view text, uint8_t types);

// Appends text to a JSON string's inside.
void append_json_escaped(std::string& json, std::string_view text);

}  // namespace tenon
