// A request's body: JSON text, read and checked against the route's table.
#pragma once
#include <apps/server/api/fields.hpp>
#include <apps/server/api/reply.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tenon::api {

enum class Strictness { kReportOthers, kRefuseOthers };

// Values are those of the table's types and within its limits. A value without a thread rule.
class Body {
 public:
  // Fails with status 400, the field as param, and what is wrong: text that is not JSON (RFC 8259, UTF-8, no
  // key twice, at most 64 deep), a field that is missing, of another type or beyond its limits.
  static Reply<Body> read(const std::string& text, const FieldTable& table, Strictness strictness);

  // The value, or the table's default; nullptr where there is neither. REQUIRES: the table has the field
  const Json* find(std::string_view field) const;
  // The same for a field of an object.
  const Json* find(std::string_view object, std::string_view field) const;

  // REQUIRES: the field is of that type alone
  std::optional<double> number(std::string_view field) const;
  std::optional<int64_t> integer(std::string_view field) const;
  std::optional<std::string> text(std::string_view field) const;
  bool is_true(std::string_view field) const;
  bool is_true(std::string_view object, std::string_view field) const;

  // Fields given that no table has: "foo", "stream_options.bar".
  const std::vector<std::string>& ignored() const { return ignored_; }

 private:
  Body(const FieldTable& table, Json json) : table_(&table), json_(std::move(json)) {}

  const FieldTable* table_;
  Json json_;
  std::vector<std::string> ignored_;
};

}  // namespace tenon::api
