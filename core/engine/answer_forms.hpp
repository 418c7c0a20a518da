// Answers of a given form for one tokenizer: from a specification and a prompt to a constraint. Keeps compiled
// grammars for the next that ask for the same. Thread: any; compiling takes a moment, so not the engine's.
#pragma once
#include <tenon/engine/constraint.hpp>
#include <tenon/text/answer_markers.hpp>
#include <tenon/text/grammar/grammar_cache.hpp>

#include <mutex>
#include <optional>

namespace tenon {

class AnswerForms {
 public:
  // tokenizer: must outlive it
  explicit AnswerForms(const Tokenizer& tokenizer);

  // Of an answer to this prompt. Where the prompt leaves a thought open, it holds behind the end of that.
  // Errors are those of grammar::compile.
  Result<ConstraintMaker> make(const grammar::Specification& specification, std::span<const int32_t> prompt);

 private:
  grammar::GrammarCache& grammars();

  const Tokenizer& tokenizer_;
  const AnswerMarkers markers_;
  std::vector<int32_t> after_thought_;
  std::once_flag is_made_;
  std::optional<grammar::GrammarCache> grammars_;  // from the first specification on
};

}  // namespace tenon
