#include "schema_keywords.hpp"

#include <tenon/base/text.hpp>

#include <optional>

namespace tenon::grammar {
namespace {

bool contains(const Json& array, const Json& value) {
  for (const Json& each : array)
    if (each == value) return true;
  return false;
}

// Two values of one keyword as one that asks for both; nothing if that is not simple.
std::optional<Json> both_of(const std::string& key, const Json& a, const Json& b) {
  if (a == b) return a;
  bool is_least = key == "minimum" || key == "exclusiveMinimum" || key == "minLength" || key == "minItems";
  bool is_most = key == "maximum" || key == "exclusiveMaximum" || key == "maxLength" || key == "maxItems";
  if (is_least && a.is_number() && b.is_number()) return a < b ? b : a;
  if (is_most && a.is_number() && b.is_number()) return a < b ? a : b;
  if (key == "required" && a.is_array() && b.is_array()) {
    Json all = a;
    for (const Json& name : b)
      if (!contains(all, name)) all.push_back(name);
    return all;
  }
  if (key == "enum" && a.is_array() && b.is_array()) {
    Json common = Json::array();
    for (const Json& value : a)
      if (contains(b, value)) common.push_back(value);
    return common;
  }
  return std::nullopt;
}

// Properties by reference, so that a schema which contains itself is still seen to do so.
Json references_to(const Subschema& properties) {
  Json made = Json::object();
  for (const auto& [name, value] : properties.json->items())
    made[name] = {{"$ref", properties.at(name).pointer}};
  return made;
}

Status add_properties(Json& to, const Json& more, const std::string& where) {
  for (const auto& [name, value] : more.items()) {
    if (to.contains(name) && to[name] != value)
      return invalid(where + "/allOf: gives the property \"" + printable(name) + "\" twice, not supported");
    to[name] = value;
  }
  return ok();
}

Status add(Json& made, const Subschema& part, const std::string& where) {
  for (const auto& [key, value] : part.json->items()) {
    Json given = key == "properties" && value.is_object() ? references_to(part.at(key)) : value;
    if (key == "items" || key == "prefixItems" || key == "anyOf" || key == "oneOf" || key == "allOf" ||
        key == "additionalProperties")
      if (made.contains(key) && made[key] != given)
        return invalid(where + "/allOf: has " + key + " in several parts, not supported");
    if (!made.contains(key)) {
      made[key] = given;
    } else if (key == "properties") {
      TENON_TRY(add_properties(made[key], given, where));
    } else if (auto both = both_of(key, made[key], given)) {
      made[key] = *both;
    } else {
      return invalid(where + "/allOf: has " + printable(key) + " with different values, not supported");
    }
  }
  return ok();
}

// Constants that a schema allows; nothing if it does not list them.
std::optional<Json> constants_of(const Subschema& schema) {
  if (schema.has("const")) return Json::array({schema["const"]});
  if (schema.has("enum") && schema["enum"].is_array()) return schema["enum"];
  return std::nullopt;
}

bool share_value(const Json& a, const Json& b) {
  for (const Json& value : a)
    if (contains(b, value)) return true;
  return false;
}

bool share_type(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  auto is_number = [](const std::string& type) { return type == "integer" || type == "number"; };
  for (const std::string& one : a)
    for (const std::string& other : b)
      if (one == other || (is_number(one) && is_number(other))) return true;
  return false;
}

// Both ask for a property, and no value of it is allowed by both.
bool differ_by_property(const Subschema& a, const Subschema& b, const SchemaTree& tree) {
  auto needed = required_of(a), also = required_of(b);
  if (!a.has("properties") || !b.has("properties") || !needed.ok() || !also.ok()) return false;
  for (const std::string& name : needed.value()) {
    if (!also.value().contains(name) || !a["properties"].contains(name) || !b["properties"].contains(name))
      continue;
    auto one = tree.target(a.at("properties").at(name)), other = tree.target(b.at("properties").at(name));
    if (!one.ok() || !other.ok()) continue;
    auto values = constants_of(one.value()), others = constants_of(other.value());
    if (values && others && !share_value(*values, *others)) return true;
  }
  return false;
}

bool are_disjoint(const Subschema& a, const Subschema& b, const SchemaTree& tree) {
  if (!a.json->is_object() || !b.json->is_object()) return false;
  auto values = constants_of(a), others = constants_of(b);
  if (values && others) return !share_value(*values, *others);
  // Without a type, keywords speak only of values that have theirs.
  if (!a.has("type") || !b.has("type")) return false;
  auto types = types_of(a), more = types_of(b);
  if (!types.ok() || !more.ok()) return false;
  if (!share_type(types.value(), more.value())) return true;
  bool are_objects = types.value() == more.value() && types.value() == std::vector<std::string>{"object"};
  return are_objects && differ_by_property(a, b, tree);
}

}  // namespace

Result<Json> merged(const std::vector<Subschema>& parts, const SchemaTree& tree, const std::string& where) {
  Json made = Json::object();
  size_t sources = 0, closed = 0, halves = 0;
  for (const Subschema& part : parts) {
    TENON_TRY(Subschema target, tree.target(part));
    if (target.json->is_boolean() && target.json->get<bool>()) continue;
    if (!target.json->is_object())
      return invalid(target.pointer + ": is not a schema that others can be merged with");
    bool is_source = target.has("properties"), is_closed = target.has("additionalProperties");
    sources += is_source, closed += is_closed, halves += is_source != is_closed;
    Json plain = without_annotations(*target.json);
    TENON_TRY(add(made, {&plain, target.pointer}, where));
  }
  // What one part calls additional may be another part's property.
  if (closed > 0 && (sources > 1 || halves > 0) && parts.size() > 1)
    return invalid(where + "/allOf: has properties in several parts and additionalProperties, not supported");
  return made;
}

Status check_disjoint(const std::vector<Subschema>& parts, const SchemaTree& tree) {
  std::vector<Subschema> targets;
  for (const Subschema& part : parts) {
    TENON_TRY(Subschema target, tree.target(part));
    targets.push_back(target);
  }
  for (size_t i = 0; i < parts.size(); ++i)
    for (size_t j = i + 1; j < parts.size(); ++j)
      if (!are_disjoint(targets[i], targets[j], tree))
        return invalid(parts[j].pointer + ": could be valid together with " + parts[i].pointer +
                       ", expected oneOf's parts to differ by type, constants or a required constant property");
  return ok();
}

}  // namespace tenon::grammar
