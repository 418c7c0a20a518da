// The tables of all routes that take a body.
#pragma once
#include <apps/server/api/fields.hpp>

namespace tenon::api {

const FieldTable& chat_fields();            // POST /v1/chat/completions
const FieldTable& completion_fields();      // POST /v1/completions
const FieldTable& tokenize_fields();        // POST /tokenize
const FieldTable& detokenize_fields();      // POST /detokenize
const FieldTable& apply_template_fields();  // POST /apply-template

// Parts of several tables.
std::vector<Field> sampling_fields();
std::vector<Field> chat_prompt_fields();

// `more` after `fields`.
std::vector<Field> joined(std::vector<Field> fields, const std::vector<Field>& more);

}  // namespace tenon::api
