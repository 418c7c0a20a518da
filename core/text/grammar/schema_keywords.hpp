// Which keywords a schema may have, and typed access to their values. Any thread.
#pragma once
#include "schema_tree.hpp"

#include <tenon/text/grammar/json_language.hpp>

#include <optional>
#include <set>

namespace tenon::grammar {

// Fails on a keyword that is not known, with its pointer.
Status check_keywords(const Subschema& schema);
// Without those that only describe: "title", "default", "$defs".
Json without_annotations(const Json& schema);

// "string", "integer", ..., of "type" or of the keywords that only one type has; all if nothing says.
Result<std::vector<std::string>> types_of(const Subschema& schema);

// A whole number that is not negative, `otherwise` where there is none.
Result<uint32_t> count_of(const Subschema& schema, const char* key, uint32_t otherwise);
Result<NumberRange> range_of(const Subschema& schema, bool is_whole);
Result<std::set<std::string>> required_of(const Subschema& schema);

// Whether a value may have this of the seven types.
bool has_type(const Json& value, const std::string& type);

// allOf: one schema that asks for everything that the parts ask for. `tree` resolves references.
Result<Json> merged(const std::vector<Subschema>& parts, const SchemaTree& tree, const std::string& where);

// Fails unless no value can be valid under two of the parts: oneOf.
Status check_disjoint(const std::vector<Subschema>& parts, const SchemaTree& tree);

}  // namespace tenon::grammar
