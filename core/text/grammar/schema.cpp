#include <tenon/text/grammar/schema.hpp>

#include "formats.hpp"
#include "schema_keywords.hpp"
#include "schema_tree.hpp"

#include <tenon/base/text.hpp>
#include <tenon/text/grammar/regex.hpp>

#include <spdlog/fmt/fmt.h>

namespace tenon::grammar {
namespace {

// So often a schema's states are copied to where it is referred to; from then on it is a rule.
constexpr uint32_t kCopiesMax = 3;
constexpr size_t kNameCharactersMax = 256;

}  // namespace

class SchemaCompiler::Parts {
 public:
  Parts(JsonLanguage& language, const Json& schema, std::string who)
      : language_(language), nfa_(language.nfa()), tree_(schema), who_(std::move(who)) {}

  // Fails with `who` in front.
  template <class Value>
  Result<Value> named(Result<Value> made) const {
    if (made.ok() || is_too_complex(made.error())) return made;
    return prefixed(who_, made.error());
  }

  Result<Fragment> value(Subschema schema, uint32_t depth);
  Result<Fragment> inside(const Subschema& schema, uint32_t depth);
  Result<Subschema> flattened(Subschema schema);
  const SchemaTree& tree() const { return tree_; }

 private:
  Result<Subschema> taken_in(const Subschema& schema);
  Result<Fragment> alternatives(const Subschema& schema, const char* key, uint32_t depth);
  Result<Fragment> constants(const Subschema& schema);
  Result<Fragment> of_type(const Subschema& schema, const std::string& type, uint32_t depth);
  Result<Fragment> object(const Subschema& schema, uint32_t depth);
  Result<Fragment> members(const Subschema& schema, const std::vector<std::string>& names, uint32_t depth);
  Result<Fragment> member(const Subschema& schema, const std::string& name, uint32_t depth);
  Result<std::optional<Fragment>> additional(const Subschema& schema, const std::vector<std::string>& names,
                                             uint32_t depth);
  Result<Fragment> additional_value(const Subschema& schema, uint32_t depth);
  Result<Fragment> array(const Subschema& schema, uint32_t depth);
  Result<Fragment> tuple(const Subschema& schema, uint32_t depth);
  Result<Fragment> string(const Subschema& schema);

  JsonLanguage& language_;
  Nfa& nfa_;
  SchemaTree tree_;
  const std::string who_;
  std::unordered_map<const Json*, uint32_t> rules_, copies_;
  std::unordered_map<const Json*, Subschema> flattened_;
  uint32_t flattening_ = 0;  // calls of flattened() inside each other
};

// A schema inside another: a rule where it contains itself or is referred to often, else its states.
Result<Fragment> SchemaCompiler::Parts::inside(const Subschema& schema, uint32_t depth) {
  TENON_TRY(Subschema target, tree_.target(schema));
  TENON_TRY(bool is_recursive, tree_.is_recursive(target, nfa_.budget()));
  if (!is_recursive && copies_[target.json]++ < kCopiesMax) return value(target, depth + 1);
  auto [at, is_new] = rules_.try_emplace(target.json, 0);
  if (is_new) at->second = language_.add_rule([this, target] { return named(value(target, 0)); });
  return nfa_.call(at->second);
}

// References and allOf are taken in.
Result<Subschema> SchemaCompiler::Parts::flattened(Subschema schema) {
  TENON_TRY(schema, tree_.target(schema));
  if (auto at = flattened_.find(schema.json); at != flattened_.end()) return at->second;
  if (!schema.json->is_object()) return schema;
  TENON_TRY(check_keywords(schema));
  if (!schema.has("$ref") && !schema.has("allOf")) return schema;
  if (flattening_ > nfa_.budget().limits().depth_max)
    return too_complex(fmt::format("references lead to references more than {} deep", flattening_ - 1));
  ++flattening_;
  auto made = taken_in(schema);
  --flattening_;
  return made;
}

Result<Subschema> SchemaCompiler::Parts::taken_in(const Subschema& schema) {
  std::vector<Subschema> parts;
  Json rest = without_annotations(*schema.json);
  if (schema.has("$ref")) {
    if (!schema["$ref"].is_string()) return invalid(schema.pointer + "/$ref: is not a string");
    TENON_TRY(Subschema other, tree_.resolve(schema["$ref"].get<std::string>(), schema.pointer));
    TENON_TRY(other, flattened(other));
    parts.push_back(other);
  }
  if (schema.has("allOf")) {
    if (!schema["allOf"].is_array()) return invalid(schema.pointer + "/allOf: is not an array");
    for (size_t i = 0; i < schema["allOf"].size(); ++i) {
      TENON_TRY(Subschema part, flattened(schema.at("allOf").at(i)));
      parts.push_back(part);
    }
  }
  rest.erase("$ref"), rest.erase("allOf");
  if (!rest.empty()) parts.push_back({tree_.keep(rest), schema.pointer});
  TENON_TRY(Json made, merged(parts, tree_, schema.pointer));
  Subschema kept{tree_.keep(std::move(made)), schema.pointer};
  flattened_.emplace(schema.json, kept);
  return kept;
}

Result<Fragment> SchemaCompiler::Parts::value(Subschema schema, uint32_t depth) {
  if (!nfa_.budget().take(256)) return nfa_.budget().error();
  if (depth > nfa_.budget().limits().depth_max)
    return too_complex(fmt::format("schemas are nested more than {} deep", nfa_.budget().limits().depth_max));
  TENON_TRY(schema, flattened(schema));
  if (schema.json->is_boolean() && schema.json->get<bool>()) return language_.any_value();
  if (schema.json->is_boolean()) return invalid(schema.pointer + ": is false, no value is valid");
  TENON_TRY(check_keywords(schema));
  if (schema.has("const") || schema.has("enum")) return constants(schema);
  for (const char* key : {"anyOf", "oneOf"})
    if (schema.has(key)) return alternatives(schema, key, depth);
  TENON_TRY(std::vector<std::string> types, types_of(schema));
  std::vector<Fragment> parts;
  for (const std::string& type : types) {
    TENON_TRY(Fragment part, of_type(schema, type, depth));
    parts.push_back(part);
  }
  return parts.size() == 1 ? parts[0] : nfa_.any_of(parts);
}

// What stands beside them holds for each.
Result<Fragment> SchemaCompiler::Parts::alternatives(const Subschema& schema, const char* key, uint32_t depth) {
  if (!schema[key].is_array() || schema[key].empty())
    return invalid(schema.pointer + "/" + key + ": is not an array of at least one schema");
  Json rest = without_annotations(*schema.json);
  rest.erase(key);
  std::vector<Subschema> parts;
  for (size_t i = 0; i < schema[key].size(); ++i) {
    TENON_TRY(Subschema part, flattened(schema.at(key).at(i)));
    if (!rest.empty()) {
      TENON_TRY(Json made, merged({part, {&rest, schema.pointer}}, tree_, schema.pointer));
      part.json = tree_.keep(std::move(made));
    }
    parts.push_back(part);
  }
  if (std::string_view(key) == "oneOf") TENON_TRY(check_disjoint(parts, tree_));
  std::vector<Fragment> made;
  for (const Subschema& part : parts) {
    TENON_TRY(Fragment fragment, value(part, depth + 1));
    made.push_back(fragment);
  }
  return nfa_.any_of(made);
}

Result<Fragment> SchemaCompiler::Parts::constants(const Subschema& schema) {
  Json conditions = without_annotations(*schema.json);
  for (const auto& [key, given] : conditions.items())
    if (key != "const" && key != "enum" && key != "type")
      return invalid(schema.pointer + "/" + printable(key) + ": is not supported beside const or enum");
  Json values = schema.has("enum") ? schema["enum"] : Json::array({schema["const"]});
  if (!values.is_array() || values.empty())
    return invalid(schema.pointer + "/enum: is not an array of at least one value");
  TENON_TRY(std::vector<std::string> types, types_of(schema));
  std::vector<Fragment> parts;
  for (const Json& given : values) {
    if (nfa_.budget().is_spent()) return nfa_.budget().error();
    auto fits = [&](const std::string& type) { return has_type(given, type); };
    bool is_also_const = !schema.has("const") || schema["const"] == given;
    if (is_also_const && std::any_of(types.begin(), types.end(), fits))
      parts.push_back(language_.constant(given));
  }
  if (parts.empty()) return invalid(schema.pointer + ": none of its constants has its type");
  return nfa_.any_of(parts);
}

Result<Fragment> SchemaCompiler::Parts::of_type(const Subschema& schema, const std::string& type,
                                                uint32_t depth) {
  if (type == "object") return object(schema, depth);
  if (type == "array") return array(schema, depth);
  if (type == "string") return string(schema);
  if (type == "boolean") return language_.boolean();
  if (type == "null") return nfa_.literal("null");
  TENON_TRY(NumberRange range, range_of(schema, type == "integer"));
  return language_.number(range);
}

Result<Fragment> SchemaCompiler::Parts::object(const Subschema& schema, uint32_t depth) {
  TENON_TRY(std::set<std::string> required, required_of(schema));
  if (!schema.has("properties") && !schema.has("additionalProperties") && required.empty())
    return language_.any_object();
  std::vector<std::string> names;
  if (schema.has("properties")) {
    if (!schema["properties"].is_object()) return invalid(schema.pointer + "/properties: is not an object");
    for (const auto& [name, value] : schema["properties"].items()) names.push_back(name);
  }
  for (const std::string& name : required)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return members(schema, names, depth);
}

// may_write[i]: what comes next is one of the properties from i on. has_written[i]: one before i is written.
Result<Fragment> SchemaCompiler::Parts::members(const Subschema& schema, const std::vector<std::string>& names,
                                                uint32_t depth) {
  TENON_TRY(std::set<std::string> required, required_of(schema));
  Fragment open = nfa_.literal("{"), first = language_.space(), last = language_.space();
  uint32_t end = nfa_.add_state();
  size_t count = names.size();
  std::vector<uint32_t> may_write, has_written;
  for (size_t i = 0; i <= count; ++i)
    may_write.push_back(nfa_.add_state()), has_written.push_back(nfa_.add_state());
  bool may_close = true;
  for (size_t i = count + 1; i-- > 0;) {
    if (i < count) may_close &= !required.contains(names[i]);
    if (may_close) nfa_.add_epsilon(has_written[i], last.start);
    Fragment comma = nfa_.join({nfa_.literal(","), language_.space()});
    nfa_.add_epsilon(has_written[i], comma.start), nfa_.add_epsilon(comma.end, may_write[i]);
    if (i == count) continue;
    TENON_TRY(Fragment part, member(schema, names[i], depth));
    nfa_.add_epsilon(may_write[i], part.start), nfa_.add_epsilon(part.end, has_written[i + 1]);
    if (!required.contains(names[i])) nfa_.add_epsilon(may_write[i], may_write[i + 1]);
  }
  TENON_TRY(auto more, additional(schema, names, depth));
  if (more) nfa_.add_epsilon(may_write[count], more->start), nfa_.add_epsilon(more->end, has_written[count]);
  nfa_.add_epsilon(open.end, first.start), nfa_.add_epsilon(first.end, may_write[0]);
  nfa_.add_bytes(last.end, end, '}', '}');
  if (may_close) nfa_.add_bytes(open.end, end, '}', '}');
  return Fragment{open.start, end};
}

Result<Fragment> SchemaCompiler::Parts::member(const Subschema& schema, const std::string& name,
                                               uint32_t depth) {
  bool is_listed = schema.has("properties") && schema["properties"].contains(name);
  Fragment key = nfa_.join({language_.quoted(name), nfa_.literal(":"), language_.space()});
  TENON_TRY(Fragment made,
            is_listed ? inside(schema.at("properties").at(name), depth) : additional_value(schema, depth));
  return nfa_.join({key, made});
}

// Of a property that is not listed.
Result<Fragment> SchemaCompiler::Parts::additional_value(const Subschema& schema, uint32_t depth) {
  if (!schema.has("additionalProperties")) return language_.any_value();
  if (schema["additionalProperties"] == false)
    return invalid(schema.pointer +
                   "/required: has a name that is not among the properties, and no others may be");
  return inside(schema.at("additionalProperties"), depth);
}

Result<std::optional<Fragment>> SchemaCompiler::Parts::additional(const Subschema& schema,
                                                                  const std::vector<std::string>& names,
                                                                  uint32_t depth) {
  if (!schema.has("additionalProperties") || schema["additionalProperties"] == false)
    return std::optional<Fragment>();
  for (const std::string& name : names)
    if (code_points(name).size() > kNameCharactersMax)
      return too_complex(fmt::format("a property has a name of more than {} characters", kNameCharactersMax));
  TENON_TRY(Fragment made, additional_value(schema, depth));
  Fragment key = nfa_.join({language_.key_other_than(names), nfa_.literal(":"), language_.space()});
  return std::optional<Fragment>(nfa_.join({key, made}));
}

Result<Fragment> SchemaCompiler::Parts::array(const Subschema& schema, uint32_t depth) {
  if (schema.has("prefixItems")) return tuple(schema, depth);
  TENON_TRY(uint32_t min, count_of(schema, "minItems", 0));
  TENON_TRY(uint32_t max, count_of(schema, "maxItems", Nfa::kNone));
  if (max < min) return invalid(schema.pointer + "/maxItems: is below minItems");
  if (max == 0) return nfa_.literal("[]");
  auto item = [=, this]() -> Result<Fragment> {
    if (!schema.has("items")) return language_.any_value();
    return named(inside(schema.at("items"), depth));
  };
  if (min > 0 || max != Nfa::kNone) return language_.counted_array(item, min, max);
  if (!schema.has("items")) return language_.any_array();
  TENON_TRY(Fragment one, inside(schema.at("items"), depth));
  return language_.list('[', ']', one);
}

// All of prefixItems, and then any number of items if there are such.
Result<Fragment> SchemaCompiler::Parts::tuple(const Subschema& schema, uint32_t depth) {
  const Json& given = schema["prefixItems"];
  if (!given.is_array() || given.empty())
    return invalid(schema.pointer + "/prefixItems: is not an array of schemas");
  uint32_t size = static_cast<uint32_t>(given.size());
  TENON_TRY(uint32_t min, count_of(schema, "minItems", 0));
  TENON_TRY(uint32_t max, count_of(schema, "maxItems", Nfa::kNone));
  if (min > size || max < size)
    return invalid(schema.pointer + "/prefixItems: has " + std::to_string(size) +
                   " schemas, expected minItems and maxItems to allow as many");
  std::vector<Fragment> parts;
  for (size_t i = 0; i < size; ++i) {
    TENON_TRY(Fragment part, inside(schema.at("prefixItems").at(i), depth));
    parts.push_back(part);
  }
  bool has_more = schema.has("items") && schema["items"] != false && max == Nfa::kNone;
  if (has_more) {
    TENON_TRY(Fragment item, inside(schema.at("items"), depth));
    Fragment more = nfa_.repeat(nfa_.join({nfa_.literal(","), language_.space(), item}));
    parts.back() = nfa_.join({parts.back(), more});
  }
  return language_.sequence('[', ']', parts);
}

Result<Fragment> SchemaCompiler::Parts::string(const Subschema& schema) {
  TENON_TRY(uint32_t min, count_of(schema, "minLength", 0));
  TENON_TRY(uint32_t max, count_of(schema, "maxLength", Nfa::kNone));
  if (max < min) return invalid(schema.pointer + "/maxLength: is below minLength");
  const char* key = schema.has("pattern") ? "pattern" : schema.has("format") ? "format" : nullptr;
  if (!key) return language_.string(min, max);
  if (!schema[key].is_string()) return invalid(schema.pointer + "/" + key + ": is not a string");
  bool has_other = min > 0 || max != Nfa::kNone || (schema.has("pattern") && schema.has("format"));
  if (has_other) return invalid(schema.pointer + "/" + key + ": is not supported beside another condition");
  std::string pattern = schema[key].get<std::string>();
  Anchoring anchoring = Anchoring::kSearch;
  if (key == std::string_view("format")) {
    const char* known = find_format(pattern);
    if (!known)
      return invalid(schema.pointer + "/format: is \"" + printable(pattern, 60) + "\", expected " +
                     format_names());
    pattern = known, anchoring = Anchoring::kWhole;
  }
  TENON_TRY(Fragment made,
            compile_regex(nfa_, pattern, Writing::kJsonString, anchoring, schema.pointer + "/" + key));
  return nfa_.join({nfa_.literal("\""), made, nfa_.literal("\"")});
}

SchemaCompiler::SchemaCompiler(JsonLanguage& language, const Json& schema, std::string who)
    : parts_(std::make_unique<Parts>(language, schema, std::move(who))) {}

SchemaCompiler::~SchemaCompiler() = default;

Result<Fragment> SchemaCompiler::document() { return parts_->named(parts_->value(parts_->tree().root(), 0)); }

Result<std::vector<SchemaCompiler::Property>> SchemaCompiler::root_properties() {
  std::vector<Property> made;
  TENON_TRY(Subschema root, parts_->named(parts_->flattened(parts_->tree().root())));
  if (!root.has("properties") || !root["properties"].is_object()) return made;
  TENON_TRY(std::set<std::string> required, parts_->named(required_of(root)));
  for (const auto& [name, schema] : root["properties"].items()) {
    TENON_TRY(Subschema target, parts_->named(parts_->flattened(root.at("properties").at(name))));
    Property property{name, required.contains(name), false, {}};
    bool is_string = target.has("type") && target["type"] == "string";
    if (is_string && target.has("enum") && target["enum"].is_array()) {
      for (const Json& choice : target["enum"])
        if (choice.is_string()) property.choices.push_back(choice.get<std::string>());
    } else {
      property.is_plain_text = is_string;
    }
    made.push_back(std::move(property));
  }
  return made;
}

Result<Fragment> SchemaCompiler::root_property(const std::string& name) {
  TENON_TRY(Subschema root, parts_->named(parts_->flattened(parts_->tree().root())));
  return parts_->named(parts_->inside(root.at("properties").at(name), 0));
}

}  // namespace tenon::grammar
