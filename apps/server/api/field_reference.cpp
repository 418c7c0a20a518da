#include <apps/server/api/openapi.hpp>

#include <fmt/format.h>

#include <vector>

namespace tenon::api {
namespace {

std::string limit_of(const Field& field) {
  const char* unit = field.types & kText     ? " bytes"
                     : field.types & kList   ? " items"
                     : field.types & kObject ? " entries"
                                             : "";
  bool has_min = field.min != -kNoLimit && (field.min != 0 || *unit == '\0'), has_max = field.max != kNoLimit;
  if (has_min && has_max) return fmt::format("{:g} to {:g}{}", field.min, field.max, unit);
  if (has_min) return fmt::format("at least {:g}{}", field.min, unit);
  return has_max ? fmt::format("at most {:g}{}", field.max, unit) : "";
}

std::string choices_of(const Field& field) {
  std::string all;
  for (std::string_view choice : field.choices) all += (all.empty() ? "`" : ", `") + std::string(choice) + "`";
  return all;
}

std::string default_of(const Field& field) {
  if (field.is_required) return "required";
  return field.fallback.empty() ? "" : "`" + std::string(field.fallback) + "`";
}

void add_rows(std::string& text, const FieldTable& table, const std::string& path) {
  for (const Field& field : table.fields) {
    std::string name = path + std::string(field.name), limits = limit_of(field), choices = choices_of(field);
    text += fmt::format("| `{}` | {} | {}{}{} | {} | {} |\n", name, words_of(field.types), limits,
                        limits.empty() || choices.empty() ? "" : "; ", choices, default_of(field), field.doc);
    if (field.table) add_rows(text, *field.table, name + (field.types & kList ? "[]." : "."));
  }
}

}  // namespace

std::string field_reference() {
  std::string text;
  for (const BodyRoute& route : body_routes()) {
    text += fmt::format("### `POST {}`\n\n{}\n\n", route.path, route.summary);
    text += "| field | type | limits | default | meaning |\n|---|---|---|---|---|\n";
    add_rows(text, route.table, "");
    text += "\n";
  }
  return text;
}

}  // namespace tenon::api
