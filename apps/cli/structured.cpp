#include "structured.hpp"

#include <tenon/base/file.hpp>
#include <tenon/engine/grammar_constraint.hpp>

#include <algorithm>

namespace tenon::cli {
namespace {

constexpr uint64_t kSchemaBytesMax = 1 << 20;
constexpr size_t kPromptTail = 4;  // tokens in which a template opens a thought

}  // namespace

void StructuredOptions::add_to(CLI::App& command) {
  auto* schema = command
                     .add_option("--json-schema", schema_file,
                                 "The answer is a JSON document that is valid under the schema in this file")
                     ->type_name("FILE");
  command.add_option("--regex", regex, "The answer matches this regular expression")
      ->type_name("PATTERN")
      ->excludes(schema);
}

Result<std::optional<grammar::Specification>> StructuredOptions::read() const {
  using grammar::Specification;
  if (regex) return std::optional(Specification::regex(*regex));
  if (schema_file.empty()) return std::optional<Specification>();
  TENON_TRY(std::string text, read_file(schema_file, kSchemaBytesMax));
  return std::optional(Specification::json_schema(std::move(text)));
}

Result<std::optional<grammar::Specification>> read_specification(const Json& object, const std::string& who) {
  using grammar::Specification;
  std::optional<Specification> made;
  for (const char* key : {"json_schema", "regex", "choice"}) {
    if (!object.contains(key)) continue;
    if (made) return invalid(who + ": has " + key + " beside another form of answer, expected one");
    const Json& value = object[key];
    if (key == std::string_view("json_schema")) {
      made = Specification::json_schema(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    } else if (key == std::string_view("regex") && value.is_string()) {
      made = Specification::regex(value.get<std::string>());
    } else if (key == std::string_view("choice") && value.is_array() &&
               std::all_of(value.begin(), value.end(), [](const Json& text) { return text.is_string(); })) {
      made = Specification::choice(value.get<std::vector<std::string>>());
    } else {
      return invalid(who + ": " + key + " is not " +
                     (std::string_view(key) == "regex" ? "a text" : "an array of texts"));
    }
  }
  return made;
}

ConstraintFactory::ConstraintFactory(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      thought_begin_(tokenizer.find_id("<think>")),
      thought_end_(tokenizer.find_id("</think>")) {
  if (auto ids = tokenizer.encode("\n\n"); ids.ok()) after_thought_ = std::move(ids).value();
}

bool ConstraintFactory::is_thinking(const std::vector<int32_t>& prompt) const {
  if (!thought_begin_ || !thought_end_) return false;
  auto tail = prompt.end() - static_cast<int64_t>(std::min(prompt.size(), kPromptTail));
  bool is_open = false;
  for (; tail != prompt.end(); ++tail)
    if (*tail == *thought_begin_ || *tail == *thought_end_) is_open = *tail == *thought_begin_;
  return is_open;
}

Result<ConstraintMaker> ConstraintFactory::make(const grammar::Specification& specification,
                                                const std::vector<int32_t>& prompt) {
  if (!cache_) cache_.emplace(grammar::TokenTrie::of(tokenizer_));
  TENON_TRY(auto grammar, cache_->get(specification));
  ConstraintMaker maker = follows(std::move(grammar));
  return is_thinking(prompt) ? starts_after(*thought_end_, after_thought_, maker) : maker;
}

}  // namespace tenon::cli
