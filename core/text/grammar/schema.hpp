// JSON schemas as languages. Every text of the language is valid under the schema; docs/structured_output.md
// says which keywords there are and which way of writing a document is taken. A keyword that is not supported
// is an error with its JSON pointer, never left out silently.
#pragma once
#include <tenon/text/grammar/json_language.hpp>

namespace tenon::grammar {

// `schema` must live until language.build_rules() has returned.
class SchemaCompiler {
 public:
  // who: of errors, before the pointer
  SchemaCompiler(JsonLanguage& language, const Json& schema, std::string who);
  ~SchemaCompiler();

  Result<Fragment> document();
  // Of a property of the document's root, after references; for callers that write objects their own way.
  struct Property {
    std::string name;
    bool is_required;
    bool is_plain_text;                // a string without further conditions
    std::vector<std::string> choices;  // if it is one of several strings
  };
  Result<std::vector<Property>> root_properties();
  Result<Fragment> root_property(const std::string& name);

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tenon::grammar
