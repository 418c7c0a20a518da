// What the tables say, for programs and for people.
#pragma once
#include <apps/server/api/fields.hpp>

#include <string>

namespace tenon::api {

// /openapi.json: OpenAPI 3.1 of all routes.
const Json& openapi_document();

// The generated part of docs/api.md: a table per route.
std::string field_reference();

// Routes that take a body, in the order of the docs.
struct BodyRoute {
  std::string_view path, summary, answer;  // answer: the name of its schema
  const FieldTable& table;
  bool has_stream;
};
const std::vector<BodyRoute>& body_routes();

}  // namespace tenon::api
