// Which fields a route takes: names, types, limits, defaults, and what they mean. One table per route drives
// the reading of a body, its errors, /openapi.json and docs/api.md, so that the four cannot differ.
#pragma once
#include <tenon/base/json.hpp>

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace tenon::api {

// A set of JSON types. null stands for a field that is not given, wherever that is allowed.
enum Types : uint8_t {
  kBoolean = 1,
  kInteger = 2,
  kNumber = 4,  // integers too
  kText = 8,
  kList = 16,
  kObject = 32,
  kAnything = 63,
};

// Fields that no table has.
enum class Others {
  kReported,  // named in the header x-ignored-fields, or refused with --strict-fields
  kAllowed,   // they mean something to others, such as the chat template
};

struct Field;

struct FieldTable {
  std::string_view name;  // as /openapi.json calls it
  std::vector<Field> fields;
  Others others = Others::kReported;

  // nullptr if there is none of that name.
  const Field* find(std::string_view field) const;
};

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct Field {
  std::string_view name;
  uint8_t types;  // of Types
  std::string_view doc;
  std::string_view fallback = {};  // what holds where it is not given, as JSON; "": nothing, or what doc says
  // Of a number its value, of text its bytes, of a list its items, of an object its entries.
  double min = -kNoLimit, max = kNoLimit;
  std::vector<std::string_view> choices = {};  // of text
  bool is_required = false;
  uint8_t item_types = kAnything;     // of a list's items
  double item_bytes_max = kNoLimit;   // of those that are text
  const FieldTable* table = nullptr;  // of an object, and of a list's objects
};

inline const Field* FieldTable::find(std::string_view field) const {
  for (const Field& each : fields)
    if (each.name == field) return &each;
  return nullptr;
}

// The Types bit of a value; 0 for null.
uint8_t type_of(const Json& value);

// "a number or text"
std::string words_of(uint8_t types);

}  // namespace tenon::api
