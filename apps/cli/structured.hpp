// Answers of a given form, as commands ask for them: by options, or by keys of a batch line.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/engine/constraint.hpp>
#include <tenon/text/grammar/grammar_cache.hpp>
#include <tenon/text/tokenizer.hpp>

#include <CLI/CLI.hpp>

#include <optional>

namespace tenon::cli {

// What --json-schema and --regex say.
struct StructuredOptions {
  std::string schema_file;
  std::optional<std::string> regex;

  void add_to(CLI::App& command);
  // Nothing where neither is given.
  Result<std::optional<grammar::Specification>> read() const;
};

// The keys json_schema (a schema), regex (a text) and choice (texts) of an object; at most one of them.
Result<std::optional<grammar::Specification>> read_specification(const Json& object, const std::string& who);

// Turns specifications into constraints for one tokenizer, which must outlive it. One thread at a time.
class ConstraintFactory {
 public:
  explicit ConstraintFactory(const Tokenizer& tokenizer);

  // Of an answer to this prompt. Where the prompt leaves a thought open, it holds behind the end of that.
  Result<ConstraintMaker> make(const grammar::Specification& specification, const std::vector<int32_t>& prompt);

 private:
  bool is_thinking(const std::vector<int32_t>& prompt) const;

  const Tokenizer& tokenizer_;
  std::optional<grammar::GrammarCache> cache_;  // from the first specification on
  std::optional<int32_t> thought_begin_, thought_end_;
  std::vector<int32_t> after_thought_;
};

}  // namespace tenon::cli
