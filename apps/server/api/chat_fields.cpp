#include <apps/server/api/limits.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {
namespace {

const FieldTable& json_schema() {
  static const FieldTable table{"JsonSchemaFormat",
                                {
                                    {.name = "name", .types = kText, .doc = "", .max = 64},
                                    {.name = "description", .types = kText, .doc = ""},
                                    {.name = "schema",
                                     .types = kObject | kBoolean,
                                     .doc = "A JSON schema that the answer is valid under; needed."},
                                    {.name = "strict",
                                     .types = kBoolean,
                                     .doc = "The answer always is; this changes nothing.",
                                     .fallback = "false"},
                                }};
  return table;
}

const FieldTable& response_format() {
  static const FieldTable table{
      "ResponseFormat",
      {
          {.name = "type",
           .types = kText,
           .doc = "",
           .choices = {"text", "json_object", "json_schema"},
           .is_required = true},
          {.name = "json_schema", .types = kObject, .doc = "With type `json_schema`.", .table = &json_schema()},
      }};
  return table;
}

const FieldTable& structured_outputs() {
  static const FieldTable table{
      "StructuredOutputs",
      {
          {.name = "json", .types = kObject | kText, .doc = "A JSON schema, or its text."},
          {.name = "regex",
           .types = kText,
           .doc = "A regular expression that the whole answer matches.",
           .max = 8192},
          {.name = "choice",
           .types = kList,
           .doc = "The answer is one of these.",
           .min = 1,
           .max = 1024,
           .item_types = kText},
      }};
  return table;
}

}  // namespace

const FieldTable& chat_fields() {
  static const FieldTable table{
      "ChatCompletionRequest",
      joined(
          joined(
              {
                  {.name = "model",
                   .types = kText,
                   .doc = "The name of the model served, as `/v1/models` lists it. Default: that one.",
                   .max = 256},
              },
              chat_prompt_fields()),
          joined(
              {
                  {.name = "tool_choice",
                   .types = kText | kObject,
                   .doc =
                       "`none`: no call, and the model is not told of the tools; `auto`: as the model likes; "
                       "`required`: at least one call; `{\"type\": \"function\", \"function\": {\"name\": "
                       "NAME}}`: a "
                       "call of this one. Default: `auto`.",
                   .choices = {"none", "auto", "required"}},
                  {.name = "parallel_tool_calls",
                   .types = kBoolean,
                   .doc = "Whether an answer may hold more than one call.",
                   .fallback = "true"},
                  {.name = "response_format",
                   .types = kObject,
                   .doc = "What the answer's text is: any, a JSON object, or a document that is valid under a "
                          "schema. Not beside tools, unless `tool_choice` is `none`.",
                   .table = &response_format()},
                  {.name = "structured_outputs",
                   .types = kObject,
                   .doc = "The same in further ways; one of them, and not beside `response_format`.",
                   .table = &structured_outputs()},
                  {.name = "max_completion_tokens",
                   .types = kInteger,
                   .doc = "Tokens of each answer at most, thinking included. Default: what the context has "
                          "room for.",
                   .min = 1,
                   .max = kTokensMax},
                  {.name = "max_tokens",
                   .types = kInteger,
                   .doc = "The older name of `max_completion_tokens`, which goes before it.",
                   .min = 1,
                   .max = kTokensMax},
                  {.name = "logprobs",
                   .types = kBoolean,
                   .doc = "Add the log probabilities of the answer's tokens.",
                   .fallback = "false"},
                  {.name = "top_logprobs",
                   .types = kInteger,
                   .doc = "With `logprobs`: those of so many of the most probable tokens too.",
                   .fallback = "0",
                   .min = 0,
                   .max = kTopLogprobsMax},
                  {.name = "include_reasoning",
                   .types = kBoolean,
                   .doc = "Whether what the model thinks is part of the answer.",
                   .fallback = "true"},
              },
              sampling_fields()))};
  return table;
}

}  // namespace tenon::api
