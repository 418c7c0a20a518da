// The schema of a plugin's configuration (grammar: abi/tenon_config.h): parsed once, then used to check a table
// and to print documentation.
#pragma once
#include <tenon/model/config_table.hpp>
#include <tenon/sdk/result.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace tenon {

enum class ValueKind { kInt, kFloat, kBool, kString, kChoice };

const char* name_of(ValueKind kind);

struct SchemaKey {
  std::string name;
  ValueKind kind;
  std::optional<double> above, at_least, below, at_most;  // numbers
  std::optional<int64_t> multiple_of;                     // ints
  std::vector<std::string> words;                         // choices
  std::optional<ConfigValue> fallback;                    // absent: the key must be given
  std::string documentation;
};

class Schema {
 public:
  // Fails with the line's number and what was expected; that is a bug of the plugin.
  static Result<Schema> parse(std::string_view text);

  const std::vector<SchemaKey>& keys() const { return keys_; }
  const SchemaKey* find(std::string_view name) const;

  // Checks every entry and adds the defaults. Errors carry key, value, expectation and place. `who` names the
  // plugin.
  Result<ConfigTable> check(const ConfigTable& table, const std::string& who) const;

 private:
  std::vector<SchemaKey> keys_;
};

// What a key accepts, in words: "int >=32, a multiple of 32".
std::string expectation_of(const SchemaKey& key);

}  // namespace tenon
