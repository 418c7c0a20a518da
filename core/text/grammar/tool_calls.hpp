// Calls of tools as languages, around the schemas of their arguments. One thread.
#pragma once
#include <tenon/text/grammar/compile.hpp>
#include <tenon/text/grammar/schema.hpp>

#include <deque>

namespace tenon::grammar {

// A schema within the limits of size and depth.
Result<Json> parse_schema(const std::string& text, const std::string& who, const Budget& budget);

class ToolCalls {
 public:
  // Both must outlive it, and it the rules of the language.
  ToolCalls(JsonLanguage& language, const Specification& given) : language_(language), given_(given) {}

  // The tools' schemas.
  Status read(const Budget& budget);
  // One call, or several.
  Result<Fragment> fragment();

 private:
  Result<Fragment> hermes(size_t tool);
  Result<Fragment> qwen3_coder(size_t tool);
  Result<Fragment> parameter(SchemaCompiler& schema, const SchemaCompiler::Property& property);

  JsonLanguage& language_;
  const Specification& given_;
  std::deque<Json> schemas_;              // by tool
  std::deque<SchemaCompiler> compilers_;  // of them
};

}  // namespace tenon::grammar
