#include <tenon/text/grammar/compile.hpp>

#include "tool_calls.hpp"

#include <tenon/base/text.hpp>
#include <tenon/text/grammar/regex.hpp>
#include <tenon/text/grammar/schema.hpp>

#include <spdlog/fmt/fmt.h>

#include <new>

namespace tenon::grammar {
namespace {

// A level of a schema is two or three of JSON.
constexpr int kJsonPerSchema = 3;

Status check_size(size_t bytes, const std::string& who, const CompileLimits& limits) {
  if (bytes <= limits.text_bytes_max) return ok();
  return too_complex(
      fmt::format("{}: is {} bytes long, expected at most {}", who, bytes, limits.text_bytes_max));
}

Result<Automaton> finish(Network& network, JsonLanguage& language, const std::string& who) {
  TENON_TRY(language.build_rules());
  auto made = determinise(
      network, "has alternatives that begin alike and have counts of their own, or contain themselves");
  if (!made.ok() && !is_too_complex(made.error())) return prefixed(who, made.error());
  return made;
}

Result<Automaton> compile_schema(const std::string& text, Budget& budget) {
  const std::string who = "json_schema";
  TENON_TRY(Json schema, parse_schema(text, who, budget));
  Network network(budget);
  JsonLanguage language(network);
  SchemaCompiler compiler(language, schema, who);
  language.add_rule([&] { return compiler.document(); });
  return finish(network, language, who);
}

Result<Automaton> compile_object(Budget& budget) {
  Network network(budget);
  JsonLanguage language(network);
  language.add_rule([&] { return Result<Fragment>(language.any_object()); });
  return finish(network, language, "json_object");
}

Result<Automaton> compile_pattern(const std::string& pattern, Budget& budget) {
  Network network(budget);
  JsonLanguage language(network);
  language.add_rule(
      [&] { return compile_regex(network.nfa, pattern, Writing::kPlain, Anchoring::kWhole, "regex"); });
  return finish(network, language, "regex");
}

Result<Automaton> compile_choice(const std::vector<std::string>& choices, Budget& budget) {
  size_t bytes = 0;
  for (const std::string& choice : choices) bytes += choice.size() + 1;
  TENON_TRY(check_size(bytes, "choice", budget.limits()));
  if (choices.empty()) return invalid("choice: is empty, expected at least one text");
  for (const std::string& choice : choices)
    if (!is_valid_utf8(choice)) return invalid("choice: has a text that is not valid UTF-8");
  Network network(budget);
  JsonLanguage language(network);
  language.add_rule([&] {
    std::vector<Fragment> parts;
    for (const std::string& choice : choices) parts.push_back(network.nfa.literal(choice));
    return Result<Fragment>(network.nfa.any_of(parts));
  });
  return finish(network, language, "choice");
}

Result<Automaton> compile_tools(const Specification& given, Budget& budget) {
  Network network(budget);
  JsonLanguage language(network);
  ToolCalls calls(language, given);
  TENON_TRY(calls.read(budget));
  language.add_rule([&] { return calls.fragment(); });
  return finish(network, language, "tools");
}

void add_part(std::string& key, const std::string& part) { key += std::to_string(part.size()) + ":" + part; }

}  // namespace

Result<Json> parse_schema(const std::string& text, const std::string& who, const Budget& budget) {
  TENON_TRY(check_size(text.size(), who, budget.limits()));
  int depth = static_cast<int>(budget.limits().depth_max) * kJsonPerSchema;
  auto parsed = parse_json(text, who, depth);
  if (!parsed.ok() && parsed.error().text.find("nested more than") != std::string::npos)
    return too_complex(parsed.error().text);
  return parsed;
}

std::string Specification::key() const {
  std::string key = std::to_string(static_cast<int>(kind)) + std::to_string(static_cast<int>(format)) +
                    (allows_several ? "+" : "-");
  add_part(key, text);
  for (const std::string& choice : choices) add_part(key, choice);
  key += ';';
  for (const Tool& tool : tools) add_part(key, tool.name), add_part(key, tool.parameters);
  return key;
}

Result<Automaton> compile(const Specification& specification, const CompileLimits& limits) try {
  Budget budget(limits);
  switch (specification.kind) {
    case Specification::Kind::kJsonSchema: return compile_schema(specification.text, budget);
    case Specification::Kind::kJsonObject: return compile_object(budget);
    case Specification::Kind::kRegex: return compile_pattern(specification.text, budget);
    case Specification::Kind::kChoice: return compile_choice(specification.choices, budget);
    case Specification::Kind::kTools: return compile_tools(specification, budget);
  }
  return invalid("grammar: has no kind");
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, "out of memory"};
}

}  // namespace tenon::grammar
