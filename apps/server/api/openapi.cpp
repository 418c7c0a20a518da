#include <apps/server/api/openapi.hpp>

#include <apps/server/api/answer_schemas.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {
namespace {

Json ref_to(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

Json type_names(uint8_t types, bool has_null) {
  Json names = Json::array();
  if (types & kBoolean) names.push_back("boolean");
  if (types & kNumber) {
    names.push_back("number");
  } else if (types & kInteger) {
    names.push_back("integer");
  }
  if (types & kText) names.push_back("string");
  if (types & kList) names.push_back("array");
  if (types & kObject) names.push_back("object");
  if (has_null) names.push_back("null");
  return names;
}

Json whole_or_not(double limit) {
  if (limit == static_cast<double>(static_cast<int64_t>(limit))) return static_cast<int64_t>(limit);
  return limit;
}

void add_limit(Json& schema, const char* key, double limit) {
  constexpr double kExactMax = 9e15;  // beyond it a double is no longer every integer
  if (limit > -kExactMax && limit < kExactMax) schema[key] = whole_or_not(limit);
}

void add_limits(Json& schema, const Field& field) {
  if (field.types & (kNumber | kInteger)) {
    add_limit(schema, "minimum", field.min);
    add_limit(schema, "maximum", field.max);
  }
  bool is_text = field.types == kText, is_list = field.types == kList;
  if (is_text && field.min > 0 && field.min != kNoLimit) add_limit(schema, "minLength", field.min);
  if (is_text) add_limit(schema, "maxLength", field.max);
  if (is_list && field.min > 0) add_limit(schema, "minItems", field.min);
  if (is_list) add_limit(schema, "maxItems", field.max);
}

Json item_schema(const Field& field) {
  if (field.table && field.item_types == kObject) return ref_to(field.table->name);
  if (field.item_types == kAnything) return Json::object();
  return {{"type", type_names(field.item_types, false)}};
}

Json schema_of(const Field& field) {
  Json schema = {{"description", field.doc}};
  if (field.table && field.types == kObject) {
    schema["anyOf"] = Json::array({ref_to(field.table->name), {{"type", "null"}}});
    return schema;
  }
  if (!field.choices.empty() && field.types == kText) {
    Json choices = Json::array();
    for (std::string_view choice : field.choices) choices.push_back(choice);
    if (!field.is_required) choices.push_back(nullptr);
    schema["enum"] = std::move(choices);
  }
  schema["type"] = type_names(field.types, !field.is_required);
  add_limits(schema, field);
  if (field.types & kList) schema["items"] = item_schema(field);
  if (!field.fallback.empty()) schema["default"] = Json::parse(field.fallback);
  return schema;
}

void add_table(Json& schemas, const FieldTable& table) {
  std::string name(table.name);
  if (schemas.contains(name)) return;
  Json properties = Json::object(), required = Json::array();
  schemas[name] = nullptr;  // so that a table within itself ends
  for (const Field& field : table.fields) {
    if (field.table) add_table(schemas, *field.table);
    properties[std::string(field.name)] = schema_of(field);
    if (field.is_required) required.push_back(field.name);
  }
  schemas[name] = {{"type", "object"}, {"properties", properties}, {"required", required}};
}

Json response_of(const char* description, Json content) {
  return {{"description", description}, {"content", std::move(content)}};
}

Json json_content(std::string_view schema) { return {{"application/json", {{"schema", ref_to(schema)}}}}; }

Json responses_of(std::string_view answer, bool has_stream) {
  Json content = json_content(answer);
  if (has_stream) content["text/event-stream"] = {{"schema", {{"type", "string"}}}};
  Json responses = {{"200", response_of("The answer.", std::move(content))}};
  responses["default"] = response_of("An error, in OpenAI's form.", json_content("ErrorResponse"));
  return responses;
}

Json get_operation(const char* summary, const char* answer) {
  return {{"get", {{"summary", summary}, {"responses", responses_of(answer, false)}}}};
}

Json post_operation(const BodyRoute& route) {
  Json body = {{"required", true}, {"content", json_content(route.table.name)}};
  return {{"post",
           {{"summary", route.summary},
            {"requestBody", std::move(body)},
            {"responses", responses_of(route.answer, route.has_stream)}}}};
}

Json paths() {
  Json paths = Json::object();
  for (const BodyRoute& route : body_routes()) paths[std::string(route.path)] = post_operation(route);
  paths["/v1/models"] = get_operation("What is served.", "ModelList");
  paths["/v1/models/{model}"] = get_operation("One of them.", "Model");
  paths["/v1/models/{model}"]["parameters"] =
      Json::array({{{"name", "model"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}});
  paths["/props"] = get_operation("How it is served: context, defaults, limits, chat template.", "Anything");
  paths["/openapi.json"] = get_operation("This document.", "Anything");
  return paths;
}

}  // namespace

const std::vector<BodyRoute>& body_routes() {
  static const std::vector<BodyRoute> routes = {
      {"/v1/chat/completions", "Answers a chat.", "ChatCompletion", chat_fields(), true},
      {"/v1/completions", "Continues text or tokens.", "Completion", completion_fields(), true},
      {"/tokenize", "The token ids of text or of a chat.", "Tokens", tokenize_fields(), false},
      {"/detokenize", "The text of token ids.", "Text", detokenize_fields(), false},
      {"/apply-template", "The text that the model gets for a chat.", "Text", apply_template_fields(), false},
  };
  return routes;
}

const Json& openapi_document() {
  static const Json document = [] {
    Json schemas = answer_schemas();
    for (const BodyRoute& route : body_routes()) add_table(schemas, route.table);
    return Json{{"openapi", "3.1.0"},
                {"info", {{"title", "Tenon"}, {"version", "1"}}},
                {"paths", paths()},
                {"components",
                 {{"schemas", std::move(schemas)},
                  {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
                {"security", Json::array({{{"key", Json::array()}}, Json::object()})}};
  }();
  return document;
}

}  // namespace tenon::api
