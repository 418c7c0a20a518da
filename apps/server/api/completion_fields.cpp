#include <apps/server/api/limits.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {

const FieldTable& completion_fields() {
  static const FieldTable table{
      "CompletionRequest",
      joined(
          {
              {.name = "model",
               .types = kText,
               .doc = "The name of the model served, as `/v1/models` lists it. Default: that one.",
               .max = 256},
              {.name = "prompt",
               .types = kText | kList,
               .doc = "Text, a list of token ids, or a list of up to 64 of either. Text is plain text: "
                      "`<|im_end|>` in "
                      "it is no control token, unless the server runs with `--allow-special-in-input`.",
               .min = 1,
               .is_required = true},
              {.name = "max_tokens",
               .types = kInteger,
               .doc = "Tokens of each answer at most. 0 is for `echo` alone.",
               .fallback = "16",
               .min = 0,
               .max = kTokensMax},
              {.name = "echo",
               .types = kBoolean,
               .doc = "The answer begins with the prompt.",
               .fallback = "false"},
              {.name = "logprobs",
               .types = kInteger,
               .doc = "Add the log probabilities of the tokens, and of so many of the most probable ones. With "
                      "`echo` "
                      "of the prompt's tokens too; its first, which follows nothing, has 0.",
               .min = 0,
               .max = kTopLogprobsMax},
          },
          sampling_fields())};
  return table;
}

}  // namespace tenon::api
