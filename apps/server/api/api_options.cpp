#include <apps/server/api/api_options.hpp>

namespace tenon::api {

void ApiOptions::add_to(CLI::App& command) {
  command
      .add_option("--served-model-name", served_name,
                  "What clients call the model; default: its description's name")
      ->type_name("NAME");
  command.add_flag("--strict-fields", is_strict, "Refuse requests with fields that do not exist");
  command.add_flag("--allow-special-in-input", allows_special,
                   "Let <|im_end|> and its like in what users typed be control tokens");
  command.add_option("--reasoning-field", reasoning_field, "Where clients find what the model thought")
      ->check(CLI::IsMember({"both", "reasoning", "reasoning_content"}))
      ->capture_default_str();
  command
      .add_option("--tool-call-parser", tool_parser,
                  "How the model writes calls: auto (as its template asks), none, hermes or qwen3_coder")
      ->type_name("NAME")
      ->capture_default_str();
}

Result<ServiceOptions> ApiOptions::service_options() const {
  ServiceOptions options;
  options.model_name = served_name;
  if (is_strict) options.strictness = Strictness::kRefuseOthers;
  if (allows_special) options.input = AddedTokens::kRecognised;
  if (reasoning_field == "reasoning") options.reasoning_field = ReasoningField::kReasoning;
  if (reasoning_field == "reasoning_content") options.reasoning_field = ReasoningField::kReasoningContent;
  if (tool_parser != "auto") {
    TENON_TRY(options.tool_format, parse_tool_format(tool_parser));
  }
  return options;
}

}  // namespace tenon::api
