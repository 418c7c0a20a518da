#include <apps/server/api/answer_form.hpp>

#include <apps/server/api/engine_request.hpp>

#include <tenon/text/grammar/budget.hpp>

namespace tenon::api {
namespace {

using grammar::Specification;
using MaybeForm = std::optional<AnswerForm>;

ApiError wrong(const std::string& param, const std::string& what, const char* code = "invalid_value") {
  return http::bad_request(param + ": " + what, param, code);
}

// A schema, or its text.
std::string schema_text(const Json& schema) {
  return schema.is_string() ? schema.get<std::string>() : schema.dump();
}

Reply<MaybeForm> read_response_format(const Body& body) {
  const Json* type = body.find("response_format", "type");
  if (!type || *type == "text") return MaybeForm();
  if (*type == "json_object") return MaybeForm(AnswerForm{Specification::json_object(), "response_format"});
  const std::string param = "response_format.json_schema";
  const Json* format = body.find("response_format", "json_schema");
  if (!format) return wrong(param, "is missing, must be given", "missing_required_parameter");
  auto schema = format->find("schema");
  if (schema == format->end() || schema->is_null())
    return wrong(param + ".schema", "is missing, must be given", "missing_required_parameter");
  return MaybeForm(AnswerForm{Specification::json_schema(schema_text(*schema)), param + ".schema"});
}

Reply<MaybeForm> read_structured_outputs(const Body& body) {
  const std::string param = "structured_outputs";
  if (!body.find(param)) return MaybeForm();
  std::vector<AnswerForm> forms;
  if (const Json* schema = body.find(param, "json"))
    forms.push_back({Specification::json_schema(schema_text(*schema)), param + ".json"});
  if (const Json* regex = body.find(param, "regex"))
    forms.push_back({Specification::regex(regex->get<std::string>()), param + ".regex"});
  if (const Json* choice = body.find(param, "choice"))
    forms.push_back({Specification::choice(choice->get<std::vector<std::string>>()), param + ".choice"});
  if (forms.size() != 1)
    return wrong(param, "has " + std::to_string(forms.size()) + " of json, regex and choice, must have one");
  return MaybeForm(std::move(forms.front()));
}

// Of the tools that may be called.
std::vector<grammar::Tool> tools_of(const Json& tools, const ToolChoice& choice) {
  std::vector<grammar::Tool> made;
  for (const Json& tool : tools) {
    const Json& function = tool["function"];
    std::string name = function["name"];
    if (choice.kind == ToolChoice::Kind::kNamed && name != choice.name) continue;
    auto parameters = function.find("parameters");
    bool has_parameters = parameters != function.end() && !parameters->is_null();
    made.push_back({name, has_parameters ? parameters->dump() : ""});
  }
  return made;
}

Reply<MaybeForm> read_call(const Service& service, const Body& body, const ToolChoice& choice) {
  if (!choice.must_call()) return MaybeForm();
  if (service.tool_format() == ToolFormat::kNone)
    return wrong("tool_choice", "asks for a call, the model served has no form of calls that is known",
                 "unsupported_value");
  Specification calls{Specification::Kind::kTools, {}, {}, tools_of(*body.find("tools"), choice)};
  calls.format = service.tool_format() == ToolFormat::kXml ? grammar::ToolFormat::kQwen3Coder
                                                           : grammar::ToolFormat::kHermes;
  calls.allows_several = choice.kind == ToolChoice::Kind::kRequired && body.is_true("parallel_tool_calls");
  return MaybeForm(AnswerForm{std::move(calls), "tools"});
}

}  // namespace

Reply<MaybeForm> read_form(const Service& service, const Body& body, const ToolChoice& choice) {
  TENON_TRY(MaybeForm format, read_response_format(body));
  TENON_TRY(MaybeForm outputs, read_structured_outputs(body));
  if (format && outputs) return wrong("structured_outputs", "is given beside response_format, must not be");
  if (outputs) format = std::move(outputs);
  if (!format) return read_call(service, body, choice);
  if (choice.has_tools())
    return wrong(format->param, "is given beside tools that may be called, must be with tool_choice none",
                 "unsupported_value");
  return format;
}

Reply<ConstraintMaker> constraint_of(const Service& service, const AnswerForm& form,
                                     const std::vector<int32_t>& prompt) {
  auto made = service.forms().make(form.specification, prompt);
  if (made.ok()) return std::move(made).value();
  const Error& error = made.error();
  if (grammar::is_too_complex(error)) return http::bad_request(error.text, form.param, "grammar_too_complex");
  if (error.code == TENON_OUT_OF_MEMORY) return refused_by_engine(error);
  return http::bad_request(error.text, form.param, "invalid_value");
}

}  // namespace tenon::api
