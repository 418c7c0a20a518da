#include "tool_calls.hpp"

#include <tenon/base/text.hpp>

namespace tenon::grammar {
namespace {

constexpr std::string_view kValueEnd = "\n</parameter>";

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             name.npos;
}

// Any text in which kValueEnd does not occur, and kValueEnd. State i has read the first i bytes of it; its
// first byte occurs in it only once, so that is where a byte that does not fit leads to.
Fragment text_and_end(Nfa& nfa) {
  std::vector<Fragment> at;
  for (size_t i = 0; i <= kValueEnd.size(); ++i) at.push_back(nfa.empty());
  for (size_t i = 0; i < kValueEnd.size(); ++i) {
    uint32_t next = static_cast<uint8_t>(kValueEnd[i]), first = static_cast<uint8_t>(kValueEnd[0]);
    nfa.add_bytes(at[i].end, at[i + 1].start, kValueEnd[i], kValueEnd[i]);
    CodeSet other = {{next, next}, {first, first}, {0, 8}, {11, 12}, {14, 31}};
    add_characters(nfa, {at[i].end, at[0].start}, complement(other), Writing::kPlain);
    if (i > 0) nfa.add_bytes(at[i].end, at[1].start, kValueEnd[0], kValueEnd[0]);
  }
  return {at.front().start, at.back().end};
}

}  // namespace

Status ToolCalls::read(const Budget& budget) {
  if (given_.tools.empty()) return invalid("tools: is empty, expected at least one tool to call");
  for (const Tool& tool : given_.tools) {
    if (!is_name(tool.name))
      return invalid("tools: \"" + printable(tool.name, 60) +
                     "\" is no name of a tool, expected up to 128 letters, digits, _, - and .");
    std::string who = "tools: " + tool.name;
    if (tool.parameters.empty()) {
      schemas_.push_back({{"type", "object"}, {"properties", Json::object()}});
    } else {
      TENON_TRY(Json schema, parse_schema(tool.parameters, who, budget));
      schemas_.push_back(std::move(schema));
    }
    compilers_.emplace_back(language_, schemas_.back(), who);
  }
  return ok();
}

Result<Fragment> ToolCalls::fragment() {
  Nfa& nfa = language_.nfa();
  std::vector<Fragment> calls;
  for (size_t i = 0; i < given_.tools.size(); ++i) {
    TENON_TRY(Fragment call, given_.format == ToolFormat::kHermes ? hermes(i) : qwen3_coder(i));
    calls.push_back(call);
  }
  Fragment one = nfa.join({nfa.literal("<tool_call>\n"), nfa.any_of(calls), nfa.literal("\n</tool_call>")});
  if (!given_.allows_several) return one;
  uint32_t end = nfa.add_state();
  Fragment between = nfa.literal("\n");
  nfa.add_epsilon(one.end, end), nfa.add_epsilon(one.end, between.start),
      nfa.add_epsilon(between.end, one.start);
  return Fragment{one.start, end};
}

Result<Fragment> ToolCalls::hermes(size_t tool) {
  Nfa& nfa = language_.nfa();
  TENON_TRY(Fragment arguments, compilers_[tool].document());
  return nfa.join({nfa.literal("{\"name\": \"" + given_.tools[tool].name + "\", \"arguments\": "), arguments,
                   nfa.literal("}")});
}

// Parameters in the order of the schema.
Result<Fragment> ToolCalls::qwen3_coder(size_t tool) {
  Nfa& nfa = language_.nfa();
  SchemaCompiler& schema = compilers_[tool];
  TENON_TRY(auto properties, schema.root_properties());
  Fragment made = nfa.literal("<function=" + given_.tools[tool].name + ">\n");
  for (const SchemaCompiler::Property& property : properties) {
    if (!is_name(property.name))
      return invalid("tools: \"" + printable(property.name, 60) +
                     "\" is no name of a parameter in this format");
    TENON_TRY(Fragment part, parameter(schema, property));
    made = nfa.join({made, property.is_required ? part : nfa.optional(part)});
  }
  return nfa.join({made, nfa.literal("</function>")});
}

Result<Fragment> ToolCalls::parameter(SchemaCompiler& schema, const SchemaCompiler::Property& property) {
  Nfa& nfa = language_.nfa();
  Fragment head = nfa.literal("<parameter=" + property.name + ">\n"), end = nfa.literal("\n");
  if (property.is_plain_text) return nfa.join({head, text_and_end(nfa), end});
  Fragment value{0, 0};
  if (!property.choices.empty()) {
    std::vector<Fragment> parts;
    for (const std::string& choice : property.choices) parts.push_back(nfa.literal(choice));
    value = nfa.any_of(parts);
  } else {
    TENON_TRY(value, schema.root_property(property.name));
  }
  return nfa.join({head, value, nfa.literal(kValueEnd), end});
}

}  // namespace tenon::grammar
