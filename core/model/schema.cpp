#include <tenon/model/schema.hpp>

#include <tenon/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

namespace tenon {
namespace {

std::string_view trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ValueKind> kind_of(std::string_view word) {
  for (ValueKind kind :
       {ValueKind::kInt, ValueKind::kFloat, ValueKind::kBool, ValueKind::kString, ValueKind::kChoice})
    if (word == name_of(kind)) return kind;
  return std::nullopt;
}

bool is_key_name(std::string_view name) {
  auto is_first = [](char c) { return c >= 'a' && c <= 'z'; };
  auto is_later = [&](char c) { return is_first(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && is_first(name[0]) && std::all_of(name.begin(), name.end(), is_later);
}

// "f32|bf16"; empty if a word is.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('|', begin), text.size());
    if (end == begin) return {};
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// One rule: ">=32", "%32", "f32|bf16". Returns false if it makes no sense for the key.
bool add_rule(SchemaKey& key, std::string_view rule) {
  if (key.kind == ValueKind::kChoice) {
    if (!key.words.empty()) return false;
    key.words = words_of(rule);
    return !key.words.empty();
  }
  if (key.kind != ValueKind::kInt && key.kind != ValueKind::kFloat) return false;
  if (rule[0] == '%') {
    key.multiple_of = number_of<int64_t>(rule.substr(1));
    return key.kind == ValueKind::kInt && key.multiple_of && *key.multiple_of > 0;
  }
  bool is_inclusive = rule.size() > 1 && rule[1] == '=';
  auto bound = number_of<double>(rule.substr(is_inclusive ? 2 : 1));
  if (!bound || !std::isfinite(*bound) || (rule[0] != '>' && rule[0] != '<')) return false;
  auto& place =
      rule[0] == '>' ? (is_inclusive ? key.at_least : key.above) : (is_inclusive ? key.at_most : key.below);
  if (place) return false;  // given twice
  place = bound;
  return true;
}

std::optional<ConfigValue> value_of(ValueKind kind, std::string_view text) {
  if (kind == ValueKind::kBool) {
    if (text != "true" && text != "false") return std::nullopt;
    return text == "true";
  }
  if (kind == ValueKind::kInt) {
    if (auto number = number_of<int64_t>(text)) return *number;
    return std::nullopt;
  }
  if (kind == ValueKind::kFloat) {
    if (auto number = number_of<double>(text)) return *number;
    return std::nullopt;
  }
  return std::string(text);
}

// "head_dim : int >=32 %32 = 128  # elements per head"
std::optional<SchemaKey> parse_line(std::string_view line) {
  SchemaKey key;
  if (size_t hash = line.find('#'); hash != std::string_view::npos) {
    key.documentation = trimmed(line.substr(hash + 1));
    line = line.substr(0, hash);
  }
  size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  key.name = trimmed(line.substr(0, colon));
  std::istringstream words{std::string(line.substr(colon + 1))};
  std::string word;
  if (!(words >> word)) return std::nullopt;
  auto kind = kind_of(word);
  if (!kind || !is_key_name(key.name)) return std::nullopt;
  key.kind = *kind;
  while (words >> word && word != "=")
    if (!add_rule(key, word)) return std::nullopt;
  if (word == "=") {
    std::string rest;
    std::getline(words, rest);
    key.fallback = value_of(key.kind, trimmed(rest));
    if (!key.fallback) return std::nullopt;
  }
  if (key.kind == ValueKind::kChoice && key.words.empty()) return std::nullopt;
  return key;
}

bool is_kind(const ConfigValue& value, ValueKind kind) {
  switch (kind) {
    case ValueKind::kInt: return std::holds_alternative<int64_t>(value);
    case ValueKind::kFloat:
      return std::holds_alternative<double>(value) || std::holds_alternative<int64_t>(value);
    case ValueKind::kBool: return std::holds_alternative<bool>(value);
    case ValueKind::kString:
    case ValueKind::kChoice: return std::holds_alternative<std::string>(value);
  }
  return false;
}

bool obeys(const SchemaKey& key, const ConfigValue& value) {
  if (!is_kind(value, key.kind)) return false;
  if (auto* word = std::get_if<std::string>(&value))
    return key.kind == ValueKind::kString ||
           std::find(key.words.begin(), key.words.end(), *word) != key.words.end();
  if (std::holds_alternative<bool>(value)) return true;
  auto* whole = std::get_if<int64_t>(&value);
  double number = whole ? static_cast<double>(*whole) : std::get<double>(value);
  if (!std::isfinite(number)) return false;
  if (whole && key.multiple_of && *whole % *key.multiple_of != 0) return false;
  return (!key.above || number > *key.above) && (!key.at_least || number >= *key.at_least) &&
         (!key.below || number < *key.below) && (!key.at_most || number <= *key.at_most);
}

std::vector<std::string> names_of(const std::vector<SchemaKey>& keys) {
  std::vector<std::string> names;
  for (const SchemaKey& key : keys) names.push_back(key.name);
  return names;
}

}  // namespace

const char* name_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInt: return "int";
    case ValueKind::kFloat: return "float";
    case ValueKind::kBool: return "bool";
    case ValueKind::kString: return "string";
    case ValueKind::kChoice: return "choice";
  }
  return "unknown";
}

std::string text_of(const ConfigValue& value) {
  if (auto* text = std::get_if<std::string>(&value)) return "\"" + printable(*text) + "\"";
  if (auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (auto* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  return format_number(std::get<double>(value));
}

std::string expectation_of(const SchemaKey& key) {
  if (key.kind == ValueKind::kChoice) {
    std::string text;
    for (const std::string& word : key.words) text += (text.empty() ? "\"" : " or \"") + word + "\"";
    return text;
  }
  std::string text = key.kind == ValueKind::kInt     ? "a whole number"
                     : key.kind == ValueKind::kFloat ? "a number"
                     : key.kind == ValueKind::kBool  ? "true or false"
                                                     : "a string";
  auto add = [&](const char* sign, const std::optional<double>& bound) {
    if (bound) text += fmt::format(" {}{}", sign, *bound);
  };
  add(">", key.above), add(">=", key.at_least), add("<", key.below), add("<=", key.at_most);
  if (key.multiple_of) text += ", a multiple of " + std::to_string(*key.multiple_of);
  return text;
}

Result<Schema> Schema::parse(std::string_view text) {
  Schema schema;
  int line_number = 0;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    ++line_number;
    if (trimmed(line).empty()) continue;
    auto key = parse_line(line);
    if (!key || schema.find(key->name) || (key->fallback && !obeys(*key, *key->fallback)))
      return invalid("schema line " + std::to_string(line_number) + " is \"" + printable(trimmed(line)) +
                     "\", expected name : type [rule...] [= default]  # text");
    schema.keys_.push_back(std::move(*key));
  }
  return schema;
}

const SchemaKey* Schema::find(std::string_view name) const {
  auto found = std::find_if(keys_.begin(), keys_.end(), [&](const SchemaKey& key) { return key.name == name; });
  return found == keys_.end() ? nullptr : &*found;
}

Result<ConfigTable> Schema::check(const ConfigTable& table, const std::string& who) const {
  for (const auto& [name, entry] : table.entries) {
    const SchemaKey* key = find(name);
    if (!key) {
      std::vector<std::string> names = names_of(keys_);
      return invalid(who + ": has no key " + printable(name) + did_you_mean(name, names) + ", it takes " +
                     (names.empty() ? "none" : join_words(names)) + " (" + entry.place.text() + ")");
    }
    if (!obeys(*key, entry.value))
      return invalid(who + ": " + name + " is " + text_of(entry.value) + ", must be " + expectation_of(*key) +
                     " (" + entry.place.text() + ")");
  }
  ConfigTable full = table;
  for (const SchemaKey& key : keys_) {
    if (auto given = full.entries.find(key.name); given != full.entries.end()) {
      // A description may write 1 for 1.0.
      auto* whole = std::get_if<int64_t>(&given->second.value);
      if (whole && key.kind == ValueKind::kFloat) given->second.value = static_cast<double>(*whole);
      continue;
    }
    if (!key.fallback)
      return invalid(who + ": " + key.name + " is not given, must be " + expectation_of(key) + " (" +
                     table.place.text() + ")");
    full.entries[key.name] = {*key.fallback, Place{}};
  }
  return full;
}

}  // namespace tenon
