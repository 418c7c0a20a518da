#include "schema_keywords.hpp"

#include <tenon/base/text.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace tenon::grammar {
namespace {

const std::set<std::string> kAnnotations = {"$schema",     "$id",        "$comment",    "$defs",
                                            "definitions", "title",      "description", "default",
                                            "examples",    "deprecated", "readOnly",    "writeOnly"};
const std::set<std::string> kGeneral = {"$ref", "type", "enum", "const", "anyOf", "oneOf", "allOf"};
// Which type each of the others speaks of.
const std::map<std::string, std::string> kTypeOf = {
    {"properties", "object"}, {"required", "object"},         {"additionalProperties", "object"},
    {"items", "array"},       {"prefixItems", "array"},       {"minItems", "array"},
    {"maxItems", "array"},    {"minLength", "string"},        {"maxLength", "string"},
    {"pattern", "string"},    {"format", "string"},           {"minimum", "number"},
    {"maximum", "number"},    {"exclusiveMinimum", "number"}, {"exclusiveMaximum", "number"}};
const std::vector<std::string> kTypes = {"string", "number", "integer", "boolean", "null", "object", "array"};
constexpr uint32_t kCountMax = 1'000'000;
constexpr size_t kDigitsMax = 15;

Error fail(const Subschema& schema, const std::string& key, const std::string& expected) {
  return invalid(schema.pointer + "/" + key + ": is " + printable((*schema.json)[key].dump(), 60) + ", " +
                 expected);
}

// Digits as they are; nothing if the number has more of them than can be compared exactly.
std::optional<Decimal> decimal_of(const Json& number) {
  std::string text = number.dump();
  Decimal made;
  made.is_negative = text[0] == '-';
  if (made.is_negative) text.erase(0, 1);
  if (text.find_first_not_of("0123456789.") != text.npos) return std::nullopt;
  size_t point = std::min(text.find('.'), text.size());
  made.whole = text.substr(0, point);
  if (point < text.size()) made.part = text.substr(point + 1);
  while (!made.part.empty() && made.part.back() == '0') made.part.pop_back();
  if (made.whole.size() + made.part.size() > kDigitsMax) return std::nullopt;
  if (made.whole == "0" && made.part.empty()) made.is_negative = false;
  return made;
}

// The nearest whole number that fulfils the bound.
Json whole_bound(const Json& bound, bool is_least, bool& excludes) {
  if (bound.is_number_integer() || std::abs(bound.get<double>()) > 1e15) return bound;
  double number = bound.get<double>(), whole = is_least ? std::ceil(number) : std::floor(number);
  if (whole != number) excludes = false;
  return static_cast<int64_t>(whole);
}

// One bound of two keywords; the stricter counts.
Status read_bound(const Subschema& schema, bool is_least, NumberRange& range) {
  const char* key = is_least ? "minimum" : "maximum";
  const char* other = is_least ? "exclusiveMinimum" : "exclusiveMaximum";
  std::optional<Json> bound;
  bool excludes = false;
  for (const char* each : {key, other}) {
    if (!schema.has(each)) continue;
    const Json& given = schema[each];
    if (!given.is_number()) return fail(schema, each, "expected a number");
    bool is_stricter = !bound || (is_least ? given.get<double>() > bound->get<double>()
                                           : given.get<double>() < bound->get<double>());
    if (is_stricter || (each == other && given.get<double>() == bound->get<double>()))
      bound = given, excludes = each == other;
  }
  if (!bound) return ok();
  if (range.is_whole) bound = whole_bound(*bound, is_least, excludes);
  (is_least ? range.least : range.most) = decimal_of(*bound);
  (is_least ? range.excludes_least : range.excludes_most) = excludes;
  if (!(is_least ? range.least : range.most))
    return fail(schema, schema.has(key) ? key : other,
                "expected a number of at most 15 digits, without an exponent");
  return ok();
}

}  // namespace

Status check_keywords(const Subschema& schema) {
  if (!schema.json->is_object())
    return invalid(schema.pointer + ": is " + printable(schema.json->dump(), 60) + ", expected a schema");
  for (const auto& [key, value] : schema.json->items())
    if (!kAnnotations.contains(key) && !kGeneral.contains(key) && !kTypeOf.contains(key))
      return invalid(schema.pointer + "/" + printable(key) + ": is not a supported keyword");
  return ok();
}

Json without_annotations(const Json& schema) {
  Json rest = Json::object();
  for (const auto& [key, value] : schema.items())
    if (!kAnnotations.contains(key)) rest[key] = value;
  return rest;
}

Result<std::vector<std::string>> types_of(const Subschema& schema) {
  if (schema.has("type")) {
    Json given = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    std::vector<std::string> types;
    for (const Json& type : given) {
      if (!type.is_string() || std::find(kTypes.begin(), kTypes.end(), type.get<std::string>()) == kTypes.end())
        return fail(schema, "type", "expected " + join_words(kTypes));
      types.push_back(type.get<std::string>());
    }
    if (types.empty()) return fail(schema, "type", "expected at least one");
    return types;
  }
  std::set<std::string> spoken_of;
  for (const auto& [key, value] : schema.json->items())
    if (auto at = kTypeOf.find(key); at != kTypeOf.end()) spoken_of.insert(at->second);
  if (spoken_of.empty())
    return std::vector<std::string>{"string", "number", "boolean", "null", "object", "array"};
  return std::vector<std::string>(spoken_of.begin(), spoken_of.end());
}

Result<uint32_t> count_of(const Subschema& schema, const char* key, uint32_t otherwise) {
  if (!schema.has(key)) return otherwise;
  const Json& count = schema[key];
  bool is_count = count.is_number_unsigned() && count.get<uint64_t>() <= kCountMax;
  if (!is_count) return fail(schema, key, "expected a whole number from 0 to " + std::to_string(kCountMax));
  return count.get<uint32_t>();
}

Result<NumberRange> range_of(const Subschema& schema, bool is_whole) {
  NumberRange range;
  range.is_whole = is_whole;
  TENON_TRY(read_bound(schema, true, range));
  TENON_TRY(read_bound(schema, false, range));
  return range;
}

Result<std::set<std::string>> required_of(const Subschema& schema) {
  std::set<std::string> names;
  if (!schema.has("required")) return names;
  if (!schema["required"].is_array()) return fail(schema, "required", "expected an array of names");
  for (const Json& name : schema["required"]) {
    if (!name.is_string()) return fail(schema, "required", "expected an array of names");
    names.insert(name.get<std::string>());
  }
  return names;
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return value.type_name() == type;
}

}  // namespace tenon::grammar
