// Reading a TOML table key by key, with the place of everything. The first problem is kept and ends all further
// reading, so that a caller states what it wants and asks once, at the end, whether it got it.
#pragma once
#include <tenon/model/config_table.hpp>
#include <tenon/model/weight_scope.hpp>

#include <toml++/toml.h>

#include <set>

namespace tenon {

enum class Need { kRequired, kOptional };

class TomlReader {
 public:
  // What all readers of one file share.
  struct File {
    std::string name;
    std::optional<Error> problem;
  };

  // title: "mixers.linear", empty for the file itself. table: NULL for one that is not there.
  TomlReader(File& file, const toml::table* table, std::string title);

  // Each reads one key into target; an optional key that is absent leaves it alone. Bounds are inclusive.
  template <class Int>
  void integer(const char* key, Int& target, int64_t least, int64_t most, Need need = Need::kRequired) {
    if (auto value = read_integer(key, least, most, need)) target = static_cast<Int>(*value);
  }
  void number(const char* key, double& target, double least, double most, Need need = Need::kRequired);
  void truth(const char* key, bool& target, Need need = Need::kRequired);
  void text(const char* key, std::string& target, Need need = Need::kRequired);
  void texts(const char* key, std::vector<std::string>& target);
  void integers(const char* key, std::vector<int32_t>& target, int64_t least, int64_t most, Need need);
  // The value must be one of `words`.
  void word(const char* key, std::string& target, const std::vector<std::string>& words, Need need);

  bool has(const char* key) const { return table_ && table_->contains(key); }
  TomlReader table(const char* key, Need need = Need::kRequired);
  // One reader per table in an array of tables or of inline tables.
  std::vector<TomlReader> tables(const char* key, Need need);
  // The keys of the table, each of which must be a table.
  std::vector<std::pair<std::string, TomlReader>> named_tables();
  // Every key not read so far, as configuration of a plugin.
  ConfigTable rest();
  // All keys, as names of weights.
  NameTable names();

  Place place() const;
  Place place_of(const char* key) const;
  // Refuses keys that nobody read, with the nearest that somebody did.
  void finish();
  void fail(const std::string& fact, const Place& place);

 private:
  const toml::node* take(const char* key, Need need, const char* kind);
  std::optional<int64_t> read_integer(const char* key, int64_t least, int64_t most, Need need);
  void fail_missing(const char* key, const char* kind);
  void fail_value(const char* key, const toml::node& node, const std::string& expectation);
  std::string path_of(const std::string& key) const;
  Place place_of(const toml::node& node) const;
  Place place_of_key(const toml::key& key) const;

  File& file_;
  const toml::table* table_;
  std::string title_;
  std::set<std::string, std::less<>> read_;
};

// Parses a whole file. Fails with the parser's reason and its place.
Result<toml::table> parse_toml(std::string_view text, const std::string& file_name);

}  // namespace tenon
