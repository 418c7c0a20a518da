// A JSON schema as a document: subschemas by JSON pointer, references, and which subschemas contain themselves.
// One thread.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/grammar/budget.hpp>

#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace tenon::grammar {

// A subschema and where it stands: "#/properties/a".
struct Subschema {
  const Json* json;
  std::string pointer;

  Subschema at(const std::string& key) const;  // one deeper
  Subschema at(size_t index) const;
  bool has(const char* key) const { return json->is_object() && json->contains(key); }
  const Json& operator[](const char* key) const { return (*json)[key]; }
};

class SchemaTree {
 public:
  // document must outlive it.
  explicit SchemaTree(const Json& document) : document_(document) {}

  Subschema root() const { return {&document_, "#"}; }
  // What a "$ref" says: "#", "#/$defs/name". Only places in the same document.
  Result<Subschema> resolve(const std::string& reference, const std::string& where) const;
  // Through references that stand alone.
  Result<Subschema> target(Subschema schema) const;
  // Whether a value that it describes may have such a value inside.
  Result<bool> is_recursive(const Subschema& schema, Budget& budget);
  // Keeps a schema that was made of others.
  const Json* keep(Json made) { return &kept_.emplace_back(std::move(made)); }

 private:
  struct Visit {
    uint32_t number, lowest;
    bool is_open;
  };
  Status visit(const Subschema& schema, Budget& budget, uint32_t depth);
  Result<std::vector<Subschema>> neighbours(const Subschema& schema) const;

  const Json& document_;
  std::deque<Json> kept_;
  std::unordered_map<const Json*, Visit> visits_;
  std::vector<const Json*> open_;
  std::unordered_set<const Json*> recursive_;
  bool is_visited_ = false;
};

}  // namespace tenon::grammar
