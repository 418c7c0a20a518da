// What a chat's prompt is made of.
#include <apps/server/api/limits.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {
namespace {

const FieldTable& called_function() {
  static const FieldTable table{
      "CalledFunction",
      {
          {.name = "name", .types = kText, .doc = "Which tool.", .min = 1, .max = 256, .is_required = true},
          {.name = "arguments",
           .types = kText | kObject,
           .doc = "A JSON object, usually as text.",
           .is_required = true},
      },
      Others::kAllowed};
  return table;
}

const FieldTable& tool_call() {
  static const FieldTable table{
      "ToolCall",
      {
          {.name = "id", .types = kText, .doc = "As the answer gave it."},
          {.name = "type", .types = kText, .doc = "", .fallback = "\"function\"", .choices = {"function"}},
          {.name = "function", .types = kObject, .doc = "", .is_required = true, .table = &called_function()},
      },
      Others::kAllowed};
  return table;
}

const FieldTable& content_part() {
  static const FieldTable table{
      "ContentPart",
      {
          {.name = "type", .types = kText, .doc = "", .choices = {"text"}, .is_required = true},
          {.name = "text", .types = kText, .doc = "", .is_required = true},
      }};
  return table;
}

const FieldTable& message() {
  static const FieldTable table{
      "Message",
      {
          {.name = "role",
           .types = kText,
           .doc = "`developer` is another word for `system`.",
           .choices = {"system", "developer", "user", "assistant", "tool"},
           .is_required = true},
          {.name = "content",
           .types = kText | kList,
           .doc =
               "Text, or text in parts, which are joined by line ends before the template sees them. Only an "
               "assistant's may be missing.",
           .item_types = kObject,
           .table = &content_part()},
          {.name = "tool_calls",
           .types = kList,
           .doc = "Of an assistant.",
           .max = kToolsMax,
           .item_types = kObject,
           .table = &tool_call()},
          {.name = "tool_call_id", .types = kText, .doc = "Of a tool: which call it answers."},
          {.name = "name", .types = kText, .doc = "Of who speaks, where the template shows it."},
          {.name = "reasoning_content", .types = kText, .doc = "What the assistant thought; also `reasoning`."},
          {.name = "reasoning", .types = kText, .doc = "The same."},
      },
      Others::kAllowed};
  return table;
}

const FieldTable& function() {
  static const FieldTable table{"Function",
                                {
                                    {.name = "name",
                                     .types = kText,
                                     .doc = "Letters, digits, `_`, `-` and `.`.",
                                     .min = 1,
                                     .max = 64,
                                     .is_required = true},
                                    {.name = "description", .types = kText, .doc = ""},
                                    {.name = "parameters", .types = kObject, .doc = "A JSON schema."},
                                    {.name = "strict", .types = kBoolean, .doc = "", .fallback = "false"},
                                },
                                Others::kAllowed};
  return table;
}

const FieldTable& tool() {
  static const FieldTable table{
      "Tool",
      {
          {.name = "type", .types = kText, .doc = "", .choices = {"function"}, .is_required = true},
          {.name = "function", .types = kObject, .doc = "", .is_required = true, .table = &function()},
      },
      Others::kAllowed};
  return table;
}

}  // namespace

std::vector<Field> chat_prompt_fields() {
  return {
      {.name = "messages",
       .types = kList,
       .doc = "The chat so far.",
       .min = 1,
       .max = kMessagesMax,
       .is_required = true,
       .item_types = kObject,
       .table = &message()},
      {.name = "tools",
       .types = kList,
       .doc = "Functions that the model may call.",
       .max = kToolsMax,
       .item_types = kObject,
       .table = &tool()},
      {.name = "add_generation_prompt",
       .types = kBoolean,
       .doc =
           "Whether the prompt ends with the beginning of an answer. Default: true, unless the last message is "
           "continued."},
      {.name = "continue_final_message",
       .types = kBoolean,
       .doc = "The answer goes on where the last message, an assistant's, ends.",
       .fallback = "false"},
      {.name = "chat_template_kwargs",
       .types = kObject,
       .doc = "Further variables of the chat template, such as `enable_thinking`.",
       .max = 64},
      {.name = "reasoning_effort",
       .types = kText,
       .doc = "`none` sets the template's `enable_thinking` to false, everything else to true, unless "
              "`chat_template_kwargs` has it.",
       .choices = {"none", "minimal", "low", "medium", "high", "xhigh"}},
      {.name = "chat_template",
       .types = kText,
       .doc = "Refused: a template is a program, and only the model's own is run.",
       .max = 0},
  };
}

}  // namespace tenon::api
