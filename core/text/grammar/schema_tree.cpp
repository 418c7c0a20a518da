#include "schema_tree.hpp"

#include <tenon/base/text.hpp>

#include <algorithm>

namespace tenon::grammar {
namespace {

constexpr uint32_t kReferencesMax = 100;  // in a row
constexpr uint32_t kVisitDepthMax = 1000;

std::string escaped(const std::string& key) {
  std::string made;
  for (char c : key) made += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return made;
}

}  // namespace

Subschema Subschema::at(const std::string& key) const { return {&(*json)[key], pointer + "/" + escaped(key)}; }

Subschema Subschema::at(size_t index) const { return {&(*json)[index], pointer + "/" + std::to_string(index)}; }

Result<Subschema> SchemaTree::resolve(const std::string& reference, const std::string& where) const {
  auto fail = [&](const char* why) {
    return invalid(where + "/$ref: is \"" + printable(reference, 80) + "\", " + why);
  };
  if (reference == "#") return root();
  if (reference.rfind("#/", 0) != 0) return fail("expected a place in the same schema, such as #/$defs/name");
  try {
    Json::json_pointer pointer(reference.substr(1));
    if (!document_.contains(pointer)) return fail("expected a place that exists");
    const Json& found = document_.at(pointer);
    if (!found.is_object() && !found.is_boolean()) return fail("expected the place of a schema");
    return Subschema{&found, reference};
  } catch (const Json::exception&) {
    return fail("expected a JSON pointer");
  }
}

Result<Subschema> SchemaTree::target(Subschema schema) const {
  for (uint32_t i = 0; i < kReferencesMax; ++i) {
    if (!schema.has("$ref") || schema.json->size() > 1) return schema;
    if (!schema["$ref"].is_string()) return invalid(schema.pointer + "/$ref: is not a string");
    TENON_TRY(schema, resolve(schema["$ref"].get_ref<const std::string&>(), schema.pointer));
  }
  return invalid(schema.pointer + "/$ref: leads from reference to reference, expected a schema at the end");
}

// Schemas that it is made of, or that what it describes contains.
Result<std::vector<Subschema>> SchemaTree::neighbours(const Subschema& schema) const {
  std::vector<Subschema> found;
  if (!schema.json->is_object()) return found;
  if (schema.has("$ref") && schema["$ref"].is_string()) {
    TENON_TRY(Subschema other, resolve(schema["$ref"].get_ref<const std::string&>(), schema.pointer));
    found.push_back(other);
  }
  for (const char* key : {"properties"})
    if (schema.has(key) && schema[key].is_object())
      for (const auto& [name, value] : schema[key].items()) found.push_back(schema.at(key).at(name));
  for (const char* key : {"anyOf", "oneOf", "allOf", "prefixItems"})
    if (schema.has(key) && schema[key].is_array())
      for (size_t i = 0; i < schema[key].size(); ++i) found.push_back(schema.at(key).at(i));
  for (const char* key : {"items", "additionalProperties"})
    if (schema.has(key)) found.push_back(schema.at(key));
  return found;
}

// Tarjan's search for what is connected in both directions.
Status SchemaTree::visit(const Subschema& schema, Budget& budget, uint32_t depth) {
  if (depth > kVisitDepthMax) return too_complex("schemas refer to each other more than 1000 deep");
  if (!budget.take(sizeof(Visit))) return budget.error();
  uint32_t number = static_cast<uint32_t>(visits_.size());
  visits_[schema.json] = {number, number, true};
  open_.push_back(schema.json);
  TENON_TRY(auto next, neighbours(schema));
  for (const Subschema& other : next) {
    if (!visits_.contains(other.json)) {
      TENON_TRY(visit(other, budget, depth + 1));
    }
    const Visit& seen = visits_[other.json];
    if (seen.is_open) visits_[schema.json].lowest = std::min(visits_[schema.json].lowest, seen.lowest);
    if (other.json == schema.json) recursive_.insert(schema.json);
  }
  if (visits_[schema.json].lowest != number) return ok();
  bool is_alone = open_.back() == schema.json;
  for (const Json* last = nullptr; last != schema.json; open_.pop_back()) {
    last = open_.back();
    visits_[last].is_open = false;
    if (!is_alone) recursive_.insert(last);
  }
  return ok();
}

Result<bool> SchemaTree::is_recursive(const Subschema& schema, Budget& budget) {
  if (!std::exchange(is_visited_, true)) TENON_TRY(visit(root(), budget, 0));
  if (!visits_.contains(schema.json)) TENON_TRY(visit(schema, budget, 0));
  return recursive_.contains(schema.json);
}

}  // namespace tenon::grammar
