#include <tenon/model/toml_reader.hpp>

#include <tenon/base/text.hpp>
#include <tenon/model/toml_nesting.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

namespace tenon {
namespace {

constexpr int kDepthMax = 32;

// What stands in the file, as short as a message needs it.
std::string shown(const toml::node& node) {
  if (auto text = node.value<std::string>(); text && node.is_string())
    return "\"" + printable(*text, 60) + "\"";
  if (node.is_integer()) return std::to_string(*node.value<int64_t>());
  if (auto number = node.value<double>(); number && node.is_floating_point()) return format_number(*number);
  if (auto truth = node.value<bool>(); truth && node.is_boolean()) return *truth ? "true" : "false";
  return node.is_table() ? "a table" : node.is_array() ? "a list" : "a date or time";
}

std::optional<ConfigValue> scalar_of(const toml::node& node) {
  if (node.is_integer()) return *node.value<int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_string()) return *node.value<std::string>();
  return std::nullopt;
}

}  // namespace

TomlReader::TomlReader(File& file, const toml::table* table, std::string title)
    : file_(file), table_(table), title_(std::move(title)) {}

Place TomlReader::place_of(const toml::node& node) const {
  return {file_.name, node.source().begin.line, node.source().begin.column};
}

Place TomlReader::place() const { return table_ ? place_of(*table_) : Place{file_.name}; }

Place TomlReader::place_of(const char* key) const {
  const toml::node* node = table_ ? table_->get(key) : nullptr;
  return node ? place_of(*node) : place();
}

// Keys come from the file, and may hold anything.
std::string TomlReader::path_of(const std::string& key) const {
  return (title_.empty() ? "" : title_ + ".") + printable(key);
}

void TomlReader::fail(const std::string& fact, const Place& place) {
  if (!file_.problem) file_.problem = invalid(fact + " (" + place.text() + ")");
}

void TomlReader::fail_value(const char* key, const toml::node& node, const std::string& expectation) {
  fail(path_of(key) + ": is " + shown(node) + ", must be " + expectation, place_of(node));
}

const toml::node* TomlReader::take(const char* key, Need need, const char* kind) {
  read_.insert(key);
  if (file_.problem || !table_) return nullptr;
  const toml::node* node = table_->get(key);
  if (!node && need == Need::kRequired) fail_missing(key, kind);
  return node;
}

// A key that is missing may be there under a name that is nearly right.
void TomlReader::fail_missing(const char* key, const char* kind) {
  for (const auto& [other, node] : *table_) {
    std::string name(other.str());
    if (!read_.contains(name) && find_nearest(name, {key}))
      return fail(path_of(printable(name)) + ": is not a known key" + did_you_mean(name, {key}),
                  place_of_key(other));
  }
  fail(path_of(key) + ": is not given, must be " + kind, place());
}

Place TomlReader::place_of_key(const toml::key& key) const {
  return {file_.name, key.source().begin.line, key.source().begin.column};
}

std::optional<int64_t> TomlReader::read_integer(const char* key, int64_t least, int64_t most, Need need) {
  std::string kind = fmt::format("a whole number from {} to {}", least, most);
  const toml::node* node = take(key, need, kind.c_str());
  if (!node) return std::nullopt;
  auto value = node->is_integer() ? node->value<int64_t>() : std::nullopt;
  if (value && *value >= least && *value <= most) return value;
  fail_value(key, *node, kind);
  return std::nullopt;
}

void TomlReader::number(const char* key, double& target, double least, double most, Need need) {
  std::string kind = fmt::format("a number from {} to {}", least, most);
  const toml::node* node = take(key, need, kind.c_str());
  if (!node) return;
  auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (value && std::isfinite(*value) && *value >= least && *value <= most)
    target = *value;
  else
    fail_value(key, *node, kind);
}

void TomlReader::truth(const char* key, bool& target, Need need) {
  const toml::node* node = take(key, need, "true or false");
  if (!node) return;
  if (node->is_boolean())
    target = *node->value<bool>();
  else
    fail_value(key, *node, "true or false");
}

void TomlReader::text(const char* key, std::string& target, Need need) {
  const toml::node* node = take(key, need, "a string");
  if (!node) return;
  if (node->is_string())
    target = *node->value<std::string>();
  else
    fail_value(key, *node, "a string");
}

void TomlReader::word(const char* key, std::string& target, const std::vector<std::string>& words, Need need) {
  std::string found = target;
  text(key, found, need);
  if (file_.problem || !has(key)) return;
  if (std::find(words.begin(), words.end(), found) == words.end())
    return fail_value(key, *table_->get(key), "one of " + join_words(words) + did_you_mean(found, words));
  target = found;
}

void TomlReader::texts(const char* key, std::vector<std::string>& target) {
  const toml::node* node = take(key, Need::kOptional, "a list of strings");
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array || !array->is_homogeneous(toml::node_type::string)) {
    if (!array || !array->empty()) fail_value(key, *node, "a list of strings");
    return;
  }
  for (const toml::node& item : *array) target.push_back(*item.value<std::string>());
}

void TomlReader::integers(const char* key, std::vector<int32_t>& target, int64_t least, int64_t most,
                          Need need) {
  std::string kind = fmt::format("a list of whole numbers from {} to {}", least, most);
  const toml::node* node = take(key, need, kind.c_str());
  if (!node) return;
  const toml::array* array = node->as_array();
  if (!array) return fail_value(key, *node, kind);
  for (const toml::node& item : *array) {
    auto value = item.is_integer() ? item.value<int64_t>() : std::nullopt;
    if (!value || *value < least || *value > most) return fail_value(key, item, kind);
    target.push_back(static_cast<int32_t>(*value));
  }
}

TomlReader TomlReader::table(const char* key, Need need) {
  const toml::node* node = take(key, need, "a table");
  if (node && !node->is_table()) fail_value(key, *node, "a table");
  return {file_, node ? node->as_table() : nullptr, path_of(key)};
}

std::vector<TomlReader> TomlReader::tables(const char* key, Need need) {
  std::vector<TomlReader> readers;
  const toml::node* node = take(key, need, "a list of tables");
  if (!node) return readers;
  const toml::array* array = node->as_array();
  if (!array) fail_value(key, *node, "a list of tables");
  for (size_t i = 0; array && i < array->size(); ++i) {
    const toml::node& item = *array->get(i);
    if (!item.is_table()) fail_value(key, item, "a list of tables");
    readers.emplace_back(file_, item.as_table(), path_of(key) + "[" + std::to_string(i) + "]");
  }
  return readers;
}

std::vector<std::pair<std::string, TomlReader>> TomlReader::named_tables() {
  std::vector<std::pair<std::string, TomlReader>> readers;
  if (!table_) return readers;
  for (const auto& [key, node] : *table_) {
    std::string name(key.str());
    readers.emplace_back(name, table(name.c_str()));
  }
  return readers;
}

ConfigTable TomlReader::rest() {
  ConfigTable config;
  config.place = place();
  if (!table_) return config;
  for (const auto& [key, node] : *table_) {
    std::string name(key.str());
    if (!read_.insert(name).second) continue;
    auto value = scalar_of(node);
    if (!value) return fail_value(name.c_str(), node, "a number, true, false or a string"), config;
    config.entries[name] = {*value, place_of(node)};
  }
  return config;
}

NameTable TomlReader::names() {
  NameTable names;
  names.title = title_;
  names.place = place();
  if (!table_) return names;
  for (const auto& [key, node] : *table_) {
    std::string name(key.str());
    std::string& tensor = names.names[name];
    text(name.c_str(), tensor);
    if (tensor.empty()) fail_value(name.c_str(), node, "the name of a tensor");
  }
  return names;
}

void TomlReader::finish() {
  if (file_.problem || !table_) return;
  std::vector<std::string> known(read_.begin(), read_.end());
  for (const auto& [key, node] : *table_) {
    std::string name(key.str());
    if (!read_.contains(name))
      return fail(path_of(name) + ": is not a known key" + did_you_mean(name, known) + ", expected one of " +
                      join_words(known),
                  place_of_key(key));
  }
}

Result<toml::table> parse_toml(std::string_view text, const std::string& file_name) {
  if (auto deep = find_deep_nesting(text, kDepthMax)) {
    std::string_view before = text.substr(0, *deep);
    auto line = static_cast<uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
    auto column = static_cast<uint32_t>(*deep - (before.rfind('\n') + 1) + 1);  // npos + 1 is 0
    return invalid("description: is nested more than " + std::to_string(kDepthMax) + " deep (" +
                   Place{file_name, line, column}.text() + ")");
  }
  try {
    return toml::parse(text, file_name);
  } catch (const toml::parse_error& e) {
    Place place{file_name, e.source().begin.line, e.source().begin.column};
    return invalid("description: is not valid TOML: " + printable(e.description()) + " (" + place.text() + ")");
  }
}

}  // namespace tenon
