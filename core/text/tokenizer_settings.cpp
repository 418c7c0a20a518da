#include <tenon/base/text.hpp>
#include <tenon/text/tokenizer_settings.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <span>

namespace tenon {
namespace {

constexpr size_t kContentBytesMax = 1024;  // of an added token

// What ByteLevel cuts by when it is asked to cut: contractions, words, numbers, the rest, white space.
constexpr const char* kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// A field and the values it may have. null stands for a missing field, too.
struct Rule {
  const char* path;
  std::vector<Json> allowed;
};
using Rules = std::vector<Rule>;

// fuse_unk, trim_offsets and the decoder's other fields change no id and no byte, so there is no rule for them.
const Rules& rules_for_all() {
  static const Rules kRules = {
      {"truncation", {nullptr}},
      {"padding", {nullptr}},
      {"normalizer.type", {nullptr, "NFC"}},
      {"pre_tokenizer.type", {"Sequence", "ByteLevel"}},
      {"post_processor.type", {nullptr, "ByteLevel"}},
      {"decoder.type", {"ByteLevel"}},
      {"model.type", {"BPE"}},
      {"model.dropout", {nullptr, 0}},
      {"model.unk_token", {nullptr}},
      {"model.continuing_subword_prefix", {nullptr, ""}},
      {"model.end_of_word_suffix", {nullptr, ""}},
      {"model.byte_fallback", {nullptr, false}},
      {"model.ignore_merges", {nullptr, false, true}},
  };
  return kRules;
}

const Rules& rules_for_sequence() {
  static const Rules kRules = {
      {"pre_tokenizer.pretokenizers.0.type", {"Split"}},
      {"pre_tokenizer.pretokenizers.0.behavior", {"Isolated"}},
      {"pre_tokenizer.pretokenizers.0.invert", {nullptr, false}},
      {"pre_tokenizer.pretokenizers.1.type", {"ByteLevel"}},
      {"pre_tokenizer.pretokenizers.1.add_prefix_space", {false}},
      {"pre_tokenizer.pretokenizers.1.use_regex", {false}},
      {"pre_tokenizer.pretokenizers.2", {nullptr}},
  };
  return kRules;
}

const Rules& rules_for_byte_level() {
  static const Rules kRules = {
      {"pre_tokenizer.add_prefix_space", {false}},
      {"pre_tokenizer.use_regex", {nullptr, false, true}},
  };
  return kRules;
}

constexpr std::string_view kDocumentKeys[] = {"version",        "truncation", "padding",
                                              "added_tokens",   "normalizer", "pre_tokenizer",
                                              "post_processor", "decoder",    "model"};
constexpr std::string_view kModelKeys[] = {
    "type",     "dropout",       "unk_token",    "continuing_subword_prefix", "end_of_word_suffix",
    "fuse_unk", "byte_fallback", "ignore_merges"};

std::string shown(const Json& value) {
  if (value.is_structured()) return std::string("an ") + value.type_name();
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 80);
}

std::string shown(const std::vector<Json>& values) {
  std::string list;
  for (const Json& value : values) list += (list.empty() ? "" : " or ") + shown(value);
  return list;
}

Error unexpected(const std::string& field, const Json& value, const std::string& expected) {
  return invalid(fmt::format("{}: is {}, expected {}", field, shown(value), expected));
}

const Json* find_child(const Json& parent, const std::string& key) {
  if (parent.is_object()) return parent.contains(key) ? &parent[key] : nullptr;
  if (!parent.is_array()) return nullptr;
  size_t index = static_cast<size_t>(key[0] - '0');
  return index < parent.size() ? &parent[index] : nullptr;
}

// The value at a path; null where there is none.
Result<Json> value_at(const Json& document, const std::string& path) {
  const Json* value = &document;
  for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    if (!value->is_structured() && !value->is_null())
      return unexpected(path.substr(0, begin - 1), *value, "an object");
    end = path.find('.', begin);
    value = find_child(*value, path.substr(begin, end - begin));
    if (value == nullptr) return Json();
  }
  return *value;
}

Status check(const Json& document, const Rules& rules) {
  for (const Rule& rule : rules) {
    TENON_TRY(Json value, value_at(document, rule.path));
    if (std::find(rule.allowed.begin(), rule.allowed.end(), value) == rule.allowed.end())
      return unexpected(rule.path, value, shown(rule.allowed));
  }
  return ok();
}

Status check_keys(const Json& object, const std::string& where, std::span<const std::string_view> known) {
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return invalid(where + printable(key) + ": is not a field that this reader knows, expected none");
  return ok();
}

// The two tables are no longer here, unless they are something else than tables.
Status check_model(const Json& model) {
  if (model.contains("vocab")) return unexpected("model.vocab", model["vocab"], "an object of tokens and ids");
  if (model.contains("merges")) return unexpected("model.merges", model["merges"], "an array of pairs");
  return check_keys(model, "model.", kModelKeys);
}

// The pattern that cuts text into pieces, if any.
Result<std::optional<std::string>> read_pattern(const Json& document) {
  const Json& pre_tokenizer = document["pre_tokenizer"];
  if (pre_tokenizer["type"] == "ByteLevel") {
    TENON_TRY(check(document, rules_for_byte_level()));
    bool cuts = pre_tokenizer.value("use_regex", true);
    return cuts ? std::optional<std::string>(kByteLevelPattern) : std::nullopt;
  }
  TENON_TRY(check(document, rules_for_sequence()));
  const std::string path = "pre_tokenizer.pretokenizers.0.pattern.Regex";
  TENON_TRY(Json pattern, value_at(document, path));
  if (!pattern.is_string()) return unexpected(path, pattern, "a regular expression");
  return std::optional(pattern.get<std::string>());
}

Result<bool> read_flag(const Json& object, const std::string& where, const char* key) {
  Json value = object.value(key, Json(false));
  if (!value.is_boolean()) return unexpected(where + key, value, "true or false");
  return value.get<bool>();
}

Result<int32_t> read_id(const Json& object, const std::string& where) {
  Json value = object.value("id", Json());
  bool fits = value.is_number_integer() && value >= 0 && value <= INT32_MAX;
  if (!fits) return unexpected(where + "id", value, fmt::format("an integer from 0 to {}", INT32_MAX));
  return value.get<int32_t>();
}

Result<std::string> read_content(const Json& object, const std::string& where) {
  Json value = object.value("content", Json());
  if (!value.is_string() || value == "")
    return unexpected(where + "content", value, "a text that is not empty");
  std::string content = value.get<std::string>();
  if (content.size() <= kContentBytesMax) return content;
  return invalid(
      fmt::format("{}content: has {} bytes, expected at most {}", where, content.size(), kContentBytesMax));
}

Result<AddedToken> read_added_token(const Json& object, const std::string& where) {
  if (!object.is_object()) return unexpected(where.substr(0, where.size() - 1), object, "an object");
  AddedToken token;
  TENON_TRY(token.id, read_id(object, where));
  TENON_TRY(token.content, read_content(object, where));
  TENON_TRY(token.special, read_flag(object, where, "special"));
  TENON_TRY(token.normalized, read_flag(object, where, "normalized"));
  TENON_TRY(token.single_word, read_flag(object, where, "single_word"));
  TENON_TRY(token.lstrip, read_flag(object, where, "lstrip"));
  TENON_TRY(token.rstrip, read_flag(object, where, "rstrip"));
  return token;
}

Result<std::vector<AddedToken>> read_added_tokens(const Json& document) {
  std::vector<AddedToken> tokens;
  TENON_TRY(Json list, value_at(document, "added_tokens"));
  if (list.is_null()) return tokens;
  if (!list.is_array()) return unexpected("added_tokens", list, "an array");
  for (const Json& object : list) {
    TENON_TRY(AddedToken token, read_added_token(object, fmt::format("added_tokens.{}.", tokens.size())));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Result<TokenizerSettings> read_settings(const Json& document) {
  if (!document.is_object()) return unexpected("document", document, "an object");
  TENON_TRY(check(document, rules_for_all()));
  TENON_TRY(check_keys(document, "", kDocumentKeys));
  TENON_TRY(check_model(document["model"]));
  TokenizerSettings settings;
  TENON_TRY(Json normalizer, value_at(document, "normalizer.type"));
  if (normalizer == "NFC") settings.normalizer = Normalizer::kNfc;
  if (document["model"].value("ignore_merges", Json()) == true)
    settings.whole_tokens = WholeTokens::kTakenFirst;
  TENON_TRY(settings.pattern, read_pattern(document));
  TENON_TRY(settings.added_tokens, read_added_tokens(document));
  return settings;
}

}  // namespace

Result<TokenizerSettings> check_tokenizer_settings(const Json& settings, const std::string& who) {
  auto checked = read_settings(settings);
  if (!checked.ok()) return prefixed(who, checked.error());
  return checked;
}

}  // namespace tenon
