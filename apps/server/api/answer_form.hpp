// What an answer has to be, as a chat's body says it: a document, a word of a language, a call.
#pragma once
#include <apps/server/api/service.hpp>
#include <apps/server/api/tool_choice.hpp>

#include <tenon/engine/constraint.hpp>
#include <tenon/text/grammar/compile.hpp>

#include <optional>

namespace tenon::api {

struct AnswerForm {
  grammar::Specification specification;
  std::string param;  // where the body asks for it
};

// Nothing where the answer may be any text. Fails where a body asks for two forms, for one beside tools that
// may be called, or for a call that the model has no way to write.
Reply<std::optional<AnswerForm>> read_form(const Service& service, const Body& body, const ToolChoice& choice);

// The constraint of an answer to this prompt. Compiles the form, if it is new. Status 400, with code
// grammar_too_complex if it takes more than the limits.
Reply<ConstraintMaker> constraint_of(const Service& service, const AnswerForm& form,
                                     const std::vector<int32_t>& prompt);

}  // namespace tenon::api
