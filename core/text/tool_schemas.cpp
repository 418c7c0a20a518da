#include <tenon/text/json_scanner.hpp>
#include <tenon/text/tag_matcher.hpp>
#include <tenon/text/tool_schemas.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tenon {
namespace {

using NamedType = std::pair<std::string_view, uint8_t>;
constexpr std::array<NamedType, 6> kTypes = {{{"string", kJsonString},
                                              {"integer", kJsonInteger},
                                              {"number", kJsonNumber | kJsonInteger},
                                              {"boolean", kJsonBoolean},
                                              {"array", kJsonArray},
                                              {"object", kJsonObject}}};

uint8_t type_named(const Json& name) {
  if (!name.is_string()) return 0;
  const auto& text = name.get_ref<const std::string&>();
  auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& type) { return type.first == text; });
  return found == kTypes.end() ? 0 : found->second;
}

uint8_t type_of_value(const Json& value) {
  if (value.is_string()) return kJsonString;
  if (value.is_number_integer()) return kJsonInteger;
  if (value.is_number()) return kJsonNumber;
  if (value.is_boolean()) return kJsonBoolean;
  if (value.is_array()) return kJsonArray;
  return value.is_object() ? kJsonObject : 0;
}

// The elements of a list, all types together; a value that is no list counts as one element.
template <class TypeOf>
uint8_t types_in(const Json& values, TypeOf type_of) {
  if (!values.is_array()) return type_of(values);
  uint8_t types = 0;
  for (const Json& value : values) types = static_cast<uint8_t>(types | type_of(value));
  return types;
}

// Without what stands inside anyOf and oneOf.
uint8_t types_said(const Json& schema) {
  if (!schema.is_object()) return 0;
  if (auto type = schema.find("type"); type != schema.end()) return types_in(*type, type_named);
  if (auto values = schema.find("enum"); values != schema.end()) return types_in(*values, type_of_value);
  if (auto value = schema.find("const"); value != schema.end()) return type_of_value(*value);
  return 0;
}

uint8_t types_of_schema(const Json& schema) {
  uint8_t types = types_said(schema);
  if (types != 0 || !schema.is_object()) return types != 0 ? types : uint8_t{kJsonString};
  for (const char* key : {"anyOf", "oneOf"})
    if (auto choices = schema.find(key); choices != schema.end())
      types = static_cast<uint8_t>(types | types_in(*choices, types_said));
  return types != 0 ? types : uint8_t{kJsonString};
}

// The member of an object; null if it is no object or has no such member.
const Json* find_member(const Json* object, const char* key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  auto member = object->find(key);
  return member == object->end() ? nullptr : &*member;
}

bool equals_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char byte, char letter) { return byte == letter || (byte | 0x20) == letter; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

// Of JSON text without white space around it.
uint8_t type_of_json(std::string_view text) {
  if (!is_json(text)) return 0;
  switch (text.front()) {
    case '{': return kJsonObject;
    case '[': return kJsonArray;
    case '"':
    case 't':
    case 'f':
    case 'n': return 0;  // strings stand without quotes here, words are compared
    default: break;
  }
  bool is_integer = text.find_first_of(".eE") == std::string_view::npos;
  return is_integer ? kJsonInteger : kJsonNumber;
}

}  // namespace

ToolSchemas::ToolSchemas(const Json& tools) {
  if (!tools.is_array()) return;
  for (const Json& tool : tools) {
    const Json* function = find_member(&tool, "function");
    const Json* name = find_member(function, "name");
    const Json* properties = find_member(find_member(function, "parameters"), "properties");
    if (name == nullptr || !name->is_string() || properties == nullptr || !properties->is_object()) continue;
    auto& types = functions_[name->get<std::string>()];
    for (const auto& [parameter, schema] : properties->items()) types[parameter] = types_of_schema(schema);
  }
}

uint8_t ToolSchemas::types_of(const std::string& function, const std::string& parameter) const {
  auto parameters = functions_.find(function);
  if (parameters == functions_.end()) return kJsonString;
  auto types = parameters->second.find(parameter);
  return types == parameters->second.end() ? uint8_t{kJsonString} : types->second;
}

void append_json_escaped(std::string& json, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr std::string_view kLetters =
      "\"\"\\\\\bb\ff\nn\rr\tt";  // each byte, and its letter after a backslash
  for (char byte : text) {
    auto code = static_cast<unsigned char>(byte);
    if (code >= 0x20 && byte != '"' && byte != '\\') {
      json += byte;
      continue;
    }
    size_t at = 0;
    while (at < kLetters.size() && kLetters[at] != byte) at += 2;
    json += '\\';
    if (at < kLetters.size())
      json += kLetters[at + 1];
    else
      (json += "u00") += {kDigits[code >> 4], kDigits[code & 15]};
  }
}

std::string json_of_plain(std::string_view text, uint8_t types) {
  std::string_view word = types == kJsonString ? text : trimmed(text);
  if (equals_word(word, "null")) return "null";
  if ((types & ~kJsonString) != 0) {
    if (word == "None") return "null";
    if ((types & kJsonBoolean) != 0 && equals_word(word, "true")) return "true";
    if ((types & kJsonBoolean) != 0 && equals_word(word, "false")) return "false";
    if ((types & type_of_json(word)) != 0) return std::string(word);
  }
  std::string json = "\"";
  append_json_escaped(json, text);
  return json += '"';
}

}  // namespace tenon
