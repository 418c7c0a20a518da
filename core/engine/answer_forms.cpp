#include <tenon/engine/answer_forms.hpp>

#include <tenon/engine/grammar_constraint.hpp>

namespace tenon {

AnswerForms::AnswerForms(const Tokenizer& tokenizer) : tokenizer_(tokenizer), markers_(tokenizer) {
  if (auto ids = tokenizer.encode("\n\n"); ids.ok()) after_thought_ = std::move(ids).value();
}

grammar::GrammarCache& AnswerForms::grammars() {
  std::call_once(is_made_, [&] { grammars_.emplace(grammar::TokenTrie::of(tokenizer_)); });
  return *grammars_;
}

Result<ConstraintMaker> AnswerForms::make(const grammar::Specification& specification,
                                          std::span<const int32_t> prompt) {
  TENON_TRY(auto grammar, grammars().get(specification));
  ConstraintMaker maker = follows(std::move(grammar));
  if (part_after(prompt, tokenizer_, markers_) == AnswerPart::kContent) return maker;
  auto end = markers_.id_of(Marker::kThinkEnd);
  if (!end)
    return invalid("prompt: leaves a thought open, and the tokenizer has no " +
                   std::string(text_of(Marker::kThinkEnd)) +
                   " that would end it before an answer of this form");
  return starts_after(*end, after_thought_, std::move(maker));
}

}  // namespace tenon
