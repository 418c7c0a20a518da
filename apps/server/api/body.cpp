#include <apps/server/api/body.hpp>

#include <apps/server/api/field_check.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/text.hpp>

#include <map>

namespace tenon::api {
namespace {

// Defaults as values, read once.
const Json* fallback_of(const Field& field) {
  static const Json kTrue = true, kFalse = false;
  if (field.fallback == "true") return &kTrue;
  if (field.fallback == "false") return &kFalse;
  if (field.fallback.empty()) return nullptr;
  thread_local std::map<std::string_view, Json> read;
  auto [at, is_new] = read.try_emplace(field.fallback);
  if (is_new) at->second = Json::parse(field.fallback);
  return &at->second;
}

const Json* find_in(const Json& object, const FieldTable& table, std::string_view name) {
  const Field* field = table.find(name);
  TENON_CHECK(field, "{} has no field {}", table.name, name);
  auto at = object.find(name);
  return at != object.end() && !at->is_null() ? &*at : fallback_of(*field);
}

}  // namespace

Reply<Body> Body::read(const std::string& text, const FieldTable& table, Strictness strictness) {
  auto json = parse_json(text, "body");
  if (!json.ok()) return http::bad_request(json.error().text, {}, "invalid_json");
  if (!json.value().is_object())
    return http::bad_request("body: is not an object, expected {\"...\": ...}", {}, "invalid_type");
  Body body(table, std::move(json).value());
  TENON_TRY(check_fields(body.json_, table, "", body.ignored_));
  if (strictness == Strictness::kRefuseOthers && !body.ignored_.empty()) {
    const std::string& name = body.ignored_.front();
    std::vector<std::string> known;
    for (const Field& field : table.fields) known.emplace_back(field.name);
    return http::bad_request(name + ": is not a field of this route" + did_you_mean(name, known), name,
                             "unknown_parameter");
  }
  return body;
}

const Json* Body::find(std::string_view field) const { return find_in(json_, *table_, field); }

const Json* Body::find(std::string_view object, std::string_view field) const {
  const Json* found = find(object);
  static const Json kEmpty = Json::object();
  return find_in(found && found->is_object() ? *found : kEmpty, *table_->find(object)->table, field);
}

std::optional<double> Body::number(std::string_view field) const {
  const Json* value = find(field);
  return value ? std::optional(value->get<double>()) : std::nullopt;
}

std::optional<int64_t> Body::integer(std::string_view field) const {
  const Json* value = find(field);
  return value ? std::optional(value->get<int64_t>()) : std::nullopt;
}

std::optional<std::string> Body::text(std::string_view field) const {
  const Json* value = find(field);
  return value ? std::optional(value->get<std::string>()) : std::nullopt;
}

bool Body::is_true(std::string_view field) const {
  const Json* value = find(field);
  return value && value->get<bool>();
}

bool Body::is_true(std::string_view object, std::string_view field) const {
  const Json* value = find(object, field);
  return value && value->get<bool>();
}

}  // namespace tenon::api
