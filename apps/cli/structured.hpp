// Answers of a given form, as commands ask for them: by options, or by keys of a batch line.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/grammar/compile.hpp>

#include <CLI/CLI.hpp>

#include <optional>

namespace tenon::cli {

// What --json-schema and --regex say.
struct StructuredOptions {
  std::string schema_file;
  std::optional<std::string> regex;

  void add_to(CLI::App& command);
  // Nothing where neither is given.
  Result<std::optional<grammar::Specification>> read() const;
};

// The keys json_schema (a schema), regex (a text) and choice (texts) of an object; at most one of them.
Result<std::optional<grammar::Specification>> read_specification(const Json& object, const std::string& who);

}  // namespace tenon::cli
