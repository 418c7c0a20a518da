// What completions of both kinds take: how tokens are drawn, when an answer ends, what comes with it.
#include <apps/server/api/limits.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {
namespace {

const FieldTable& stream_options() {
  static const FieldTable table{"StreamOptions",
                                {
                                    {.name = "include_usage",
                                     .types = kBoolean,
                                     .doc = "One more chunk before the end, without choices, that holds the "
                                            "usage; all others have null there.",
                                     .fallback = "false"},
                                    {.name = "continuous_usage_stats",
                                     .types = kBoolean,
                                     .doc = "With `include_usage`: every chunk holds the usage so far.",
                                     .fallback = "false"},
                                }};
  return table;
}

std::vector<Field> draw_fields() {
  return {
      {.name = "temperature",
       .types = kNumber,
       .doc = "Randomness; 0 takes the most probable token. Default: the model's.",
       .min = 0,
       .max = 2},
      {.name = "top_p",
       .types = kNumber,
       .doc = "Draw from the fewest tokens that together have this probability. Default: the model's.",
       .min = 0,
       .max = 1},
      {.name = "top_k",
       .types = kInteger,
       .doc = "Draw from so many of the most probable tokens; 0 or -1: all. Default: the model's.",
       .min = -1,
       .max = 1 << 24},
      {.name = "min_p",
       .types = kNumber,
       .doc = "Draw from tokens with at least this share of the greatest probability. Default: the model's.",
       .min = 0,
       .max = 1},
      {.name = "repetition_penalty",
       .types = kNumber,
       .doc = "Above 1: tokens seen, those of the prompt too, become less likely. Default: the model's.",
       .min = 0.01,
       .max = 100},
      {.name = "presence_penalty",
       .types = kNumber,
       .doc = "Above 0: tokens generated before become less likely. Default: the model's.",
       .min = -2,
       .max = 2},
      {.name = "frequency_penalty",
       .types = kNumber,
       .doc = "The same, times how often. Default: the model's.",
       .min = -2,
       .max = 2},
      {.name = "logit_bias",
       .types = kObject,
       .doc = "Token ids, as text, and what is added to their logits: from -100 (never) to 100 (always).",
       .min = 0,
       .max = kLogitBiasMax},
      {.name = "seed",
       .types = kInteger,
       .doc = "The same seed gives the same answer, whatever else the server does. Choice i of n is drawn with "
              "seed "
              "+ i. Default: a new one each time.",
       .min = -9223372036854775808.0,
       .max = 9223372036854775807.0},
      {.name = "n",
       .types = kInteger,
       .doc = "Answers to each prompt.",
       .fallback = "1",
       .min = 1,
       .max = kChoicesMax},
  };
}

std::vector<Field> end_fields() {
  return {
      {.name = "stop",
       .types = kText | kList,
       .doc = "Text, or up to 16 of them, that ends the answer; it is not part of it.",
       .max = kStopBytesMax,
       .item_types = kText,
       .item_bytes_max = kStopBytesMax},
      {.name = "stop_token_ids",
       .types = kList,
       .doc = "Further tokens that end the answer.",
       .max = kStopTokensMax,
       .item_types = kInteger},
      {.name = "ignore_eos",
       .types = kBoolean,
       .doc = "Go on after the token that ends an answer, up to `max_tokens`.",
       .fallback = "false"},
      {.name = "min_tokens",
       .types = kInteger,
       .doc = "The answer does not end by a token before it has so many.",
       .fallback = "0",
       .min = 0,
       .max = kTokensMax},
  };
}

std::vector<Field> delivery_fields() {
  return {
      {.name = "stream",
       .types = kBoolean,
       .doc = "Send the answer as it comes, as server-sent events.",
       .fallback = "false"},
      {.name = "stream_options", .types = kObject, .doc = "Only with `stream`.", .table = &stream_options()},
      {.name = "return_token_ids",
       .types = kBoolean,
       .doc = "Add `prompt_token_ids` to the answer and `token_ids` to its choices.",
       .fallback = "false"},
      {.name = "return_progress",
       .types = kBoolean,
       .doc = "With `stream`: chunks with `prompt_progress` tell how much of the prompt has been computed.",
       .fallback = "false"},
      {.name = "timings_per_token",
       .types = kBoolean,
       .doc = "With `stream`: every chunk holds `timings`, not only the last.",
       .fallback = "false"},
      {.name = "priority",
       .types = kInteger,
       .doc = "Lower goes first, among those that wait.",
       .fallback = "0",
       .min = -100,
       .max = 100},
      {.name = "cache_salt",
       .types = kText,
       .doc = "Prompts of different salt share nothing in the prefix cache.",
       .max = 1024},
  };
}

}  // namespace

std::vector<Field> joined(std::vector<Field> fields, const std::vector<Field>& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::vector<Field> sampling_fields() { return joined(joined(draw_fields(), end_fields()), delivery_fields()); }

}  // namespace tenon::api
