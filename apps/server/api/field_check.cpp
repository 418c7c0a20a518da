#include <apps/server/api/field_check.hpp>

#include <tenon/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace tenon::api {
namespace {

constexpr size_t kShownBytes = 60;

ApiError wrong(const std::string& param, const std::string& what, const char* code) {
  return http::bad_request(param + ": " + what, param, code);
}

std::string shown(const Json& value) {
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), kShownBytes);
}

bool has_type(const Json& value, uint8_t types) {
  uint8_t type = type_of(value);
  return (types & type) != 0 || (type == kInteger && (types & kNumber) != 0);
}

// What min and max are about, and its unit.
std::pair<double, const char*> measure_of(const Json& value) {
  switch (type_of(value)) {
    case kText: return {static_cast<double>(value.get_ref<const std::string&>().size()), " bytes"};
    case kList: return {static_cast<double>(value.size()), " items"};
    case kObject: return {static_cast<double>(value.size()), " entries"};
    case kBoolean: return {0, ""};
    default: return {value.get<double>(), ""};
  }
}

std::string range_of(const Field& field, const char* unit) {
  if (field.max == kNoLimit) return fmt::format("at least {}{}", field.min, unit);
  if (field.min == -kNoLimit) return fmt::format("at most {}{}", field.max, unit);
  return fmt::format("between {} and {}{}", field.min, field.max, unit);
}

Check check_range(const Json& value, const Field& field, const std::string& param) {
  if (value.is_boolean()) return passed();
  auto [measure, unit] = measure_of(value);
  if (measure >= field.min && measure <= field.max) return passed();
  return wrong(param, fmt::format("is {}{}, must be {}", measure, unit, range_of(field, unit)), "out_of_range");
}

Check check_choice(const Json& value, const Field& field, const std::string& param) {
  if (field.choices.empty() || !value.is_string()) return passed();
  const auto& text = value.get_ref<const std::string&>();
  if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) return passed();
  std::vector<std::string> words(field.choices.begin(), field.choices.end());
  return wrong(param, fmt::format("is {}, must be one of {}", shown(value), join_words(words)),
               "invalid_value");
}

Check check_items(const Json& list, const Field& field, const std::string& param,
                  std::vector<std::string>& others) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Json& item = list[i];
    std::string place = param + "[" + std::to_string(i) + "]";
    if (!has_type(item, field.item_types))
      return wrong(place, fmt::format("is {}, must be {}", shown(item), words_of(field.item_types)),
                   "invalid_type");
    if (item.is_string() &&
        static_cast<double>(item.get_ref<const std::string&>().size()) > field.item_bytes_max)
      return wrong(place, fmt::format("is longer than {} bytes", field.item_bytes_max), "out_of_range");
    if (item.is_object() && field.table) TENON_TRY(check_fields(item, *field.table, place + ".", others));
  }
  return passed();
}

Check check_value(const Json& value, const Field& field, const std::string& param,
                  std::vector<std::string>& others) {
  if (!has_type(value, field.types))
    return wrong(param, fmt::format("is {}, must be {}", shown(value), words_of(field.types)), "invalid_type");
  TENON_TRY(check_range(value, field, param));
  TENON_TRY(check_choice(value, field, param));
  if (value.is_array()) return check_items(value, field, param, others);
  if (value.is_object() && field.table) return check_fields(value, *field.table, param + ".", others);
  return passed();
}

}  // namespace

Check check_fields(const Json& object, const FieldTable& table, const std::string& path,
                   std::vector<std::string>& others) {
  for (const Field& field : table.fields) {
    auto at = object.find(field.name);
    std::string param = path + std::string(field.name);
    if (at != object.end() && !at->is_null()) {
      TENON_TRY(check_value(*at, field, param, others));
    } else if (field.is_required) {
      return wrong(param, "is missing, must be given", "missing_required_parameter");
    }
  }
  if (table.others == Others::kAllowed) return passed();
  for (const auto& [key, value] : object.items())
    if (!table.find(key)) others.push_back(path + printable(key, kShownBytes));
  return passed();
}

}  // namespace tenon::api
