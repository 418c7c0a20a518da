// Tables of the routes that only look at text and tokens.
#include <apps/server/api/limits.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {

const FieldTable& tokenize_fields() {
  static const FieldTable table = [] {
    FieldTable made{"TokenizeRequest",
                    joined(
                        {
                            {.name = "model", .types = kText, .doc = "As for completions.", .max = 256},
                            {.name = "prompt", .types = kText, .doc = "The text; or give `messages`."},
                            {.name = "content", .types = kText, .doc = "Another name of `prompt`."},
                            {.name = "parse_special",
                             .types = kBoolean,
                             .doc = "Whether `<|im_end|>` and its like in the text are control tokens. It "
                                    "never holds for messages.",
                             .fallback = "true"},
                            {.name = "with_pieces",
                             .types = kBoolean,
                             .doc = "Add `pieces`: the text of each token.",
                             .fallback = "false"},
                        },
                        chat_prompt_fields())};
    for (Field& field : made.fields)
      if (field.name == "messages") field.is_required = false;
    return made;
  }();
  return table;
}

const FieldTable& detokenize_fields() {
  static const FieldTable table{
      "DetokenizeRequest",
      {
          {.name = "model", .types = kText, .doc = "As for completions.", .max = 256},
          {.name = "tokens", .types = kList, .doc = "Token ids.", .is_required = true, .item_types = kInteger},
          {.name = "skip_special_tokens",
           .types = kBoolean,
           .doc = "Leave control tokens out.",
           .fallback = "false"},
      }};
  return table;
}

const FieldTable& apply_template_fields() {
  static const FieldTable table{
      "ApplyTemplateRequest",
      joined({{.name = "model", .types = kText, .doc = "As for completions.", .max = 256}},
             chat_prompt_fields())};
  return table;
}

}  // namespace tenon::api
