// Whether a value is valid under a JSON schema (2020-12), as the specification says it, for the keywords that
// grammars know. Shares nothing with them. One deviation, as in docs/structured_output.md: `closed` objects
// have no properties that the schema does not name.
#pragma once
#include <tenon/base/json.hpp>

#include <cmath>
#include <regex>

namespace tenon::testing {

class Validator {
 public:
  explicit Validator(const Json& document) : document_(document) {}
  bool is_valid(const Json& value) const { return check(document_, value); }

 private:
  bool check(const Json& schema, const Json& value) const {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [key, given] : schema.items())
      if (!check(key, given, schema, value)) return false;
    return true;
  }

  bool check(const std::string& key, const Json& given, const Json& schema, const Json& value) const {
    if (key == "$ref") return check(resolve(given), value);
    if (key == "type") return has_type(given, value);
    if (key == "const") return value == given;
    if (key == "enum") return count(given, [&](const Json& each) { return each == value; }) > 0;
    if (key == "anyOf") return count(given, [&](const Json& each) { return check(each, value); }) > 0;
    if (key == "oneOf") return count(given, [&](const Json& each) { return check(each, value); }) == 1;
    if (key == "allOf")
      return count(given, [&](const Json& each) { return check(each, value); }) == given.size();
    if (value.is_number()) return check_number(key, given, value.get<double>());
    if (value.is_string()) return check_string(key, given, value.get<std::string>());
    if (value.is_array()) return check_array(key, given, schema, value);
    if (value.is_object()) return check_object(key, given, schema, value);
    return true;
  }

  template <class Condition>
  static size_t count(const Json& array, Condition&& condition) {
    size_t number = 0;
    for (const Json& each : array) number += condition(each);
    return number;
  }

  const Json& resolve(const Json& reference) const {
    return document_.at(Json::json_pointer(reference.get<std::string>().substr(1)));
  }

  static bool has_type(const Json& type, const Json& value) {
    if (type.is_array()) return count(type, [&](const Json& each) { return has_type(each, value); }) > 0;
    if (type == "integer") return value.is_number() && value.get<double>() == std::floor(value.get<double>());
    if (type == "number") return value.is_number();
    return type == value.type_name();
  }

  static bool check_number(const std::string& key, const Json& given, double value) {
    if (key == "minimum") return value >= given.get<double>();
    if (key == "maximum") return value <= given.get<double>();
    if (key == "exclusiveMinimum") return value > given.get<double>();
    if (key == "exclusiveMaximum") return value < given.get<double>();
    return true;
  }

  static bool check_string(const std::string& key, const Json& given, const std::string& value) {
    size_t characters = 0;
    for (char byte : value) characters += (byte & 0xC0) != 0x80;
    if (key == "minLength") return characters >= given.get<size_t>();
    if (key == "maxLength") return characters <= given.get<size_t>();
    if (key == "pattern") return std::regex_search(value, std::regex(given.get<std::string>()));
    return true;
  }

  bool check_array(const std::string& key, const Json& given, const Json& schema, const Json& value) const {
    if (key == "minItems") return value.size() >= given.get<size_t>();
    if (key == "maxItems") return value.size() <= given.get<size_t>();
    size_t prefix = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
    for (size_t i = 0; i < value.size(); ++i) {
      if (key == "prefixItems" && i < prefix && !check(given[i], value[i])) return false;
      if (key == "items" && i >= prefix && !check(given, value[i])) return false;
    }
    return true;
  }

  bool check_object(const std::string& key, const Json& given, const Json& schema, const Json& value) const {
    if (key == "required")
      return count(given, [&](const Json& name) { return value.contains(name.get<std::string>()); }) ==
             given.size();
    for (const auto& [name, item] : value.items()) {
      if (key == "properties" && given.contains(name) && !check(given[name], item)) return false;
      bool is_named = schema.contains("properties") && schema["properties"].contains(name);
      if (key == "additionalProperties" && !is_named && !check(given, item)) return false;
    }
    return true;
  }

  const Json& document_;
};

}  // namespace tenon::testing
