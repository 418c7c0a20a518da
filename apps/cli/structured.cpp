#include "structured.hpp"

#include <tenon/base/file.hpp>

#include <algorithm>

namespace tenon::cli {
namespace {

constexpr uint64_t kSchemaBytesMax = 1 << 20;

}  // namespace

void StructuredOptions::add_to(CLI::App& command) {
  auto* schema = command
                     .add_option("--json-schema", schema_file,
                                 "The answer is a JSON document that is valid under the schema in this file")
                     ->type_name("FILE");
  command.add_option("--regex", regex, "The answer matches this regular expression")
      ->type_name("PATTERN")
      ->excludes(schema);
}

Result<std::optional<grammar::Specification>> StructuredOptions::read() const {
  using grammar::Specification;
  if (regex) return std::optional(Specification::regex(*regex));
  if (schema_file.empty()) return std::optional<Specification>();
  TENON_TRY(std::string text, read_file(schema_file, kSchemaBytesMax));
  return std::optional(Specification::json_schema(std::move(text)));
}

Result<std::optional<grammar::Specification>> read_specification(const Json& object, const std::string& who) {
  using grammar::Specification;
  std::optional<Specification> made;
  for (const char* key : {"json_schema", "regex", "choice"}) {
    if (!object.contains(key)) continue;
    if (made) return invalid(who + ": has " + key + " beside another form of answer, expected one");
    const Json& value = object[key];
    if (key == std::string_view("json_schema")) {
      made = Specification::json_schema(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    } else if (key == std::string_view("regex") && value.is_string()) {
      made = Specification::regex(value.get<std::string>());
    } else if (key == std::string_view("choice") && value.is_array() &&
               std::all_of(value.begin(), value.end(), [](const Json& text) { return text.is_string(); })) {
      made = Specification::choice(value.get<std::vector<std::string>>());
    } else {
      return invalid(who + ": " + key + " is not " +
                     (std::string_view(key) == "regex" ? "a text" : "an array of texts"));
    }
  }
  return made;
}

}  // namespace tenon::cli
