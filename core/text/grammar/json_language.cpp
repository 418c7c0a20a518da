#include <tenon/text/grammar/json_language.hpp>

#include <array>
#include <map>

namespace tenon::grammar {
namespace {

constexpr uint32_t kIndentMax = 16;
const CodeSet kStringCharacters = {{0, kCodeMax}};
const CodeSet kKeyCharacters = {{0x20, 0x21}, {0x23, 0x5B}, {0x5D, kCodeMax}};

Fragment digits(Nfa& nfa) { return nfa.join({nfa.bytes('0', '9'), nfa.repeat(nfa.bytes('0', '9'))}); }

// What differs from all names, from the character at `depth` on. names: those that are alike so far, sorted.
struct Others {
  Nfa& nfa;
  uint32_t end, free;

  void add(uint32_t from, std::vector<std::vector<uint32_t>> names, size_t depth) {
    std::map<uint32_t, std::vector<std::vector<uint32_t>>> next;
    bool is_name = false;
    for (auto& name : names) {
      if (name.size() == depth) {
        is_name = true;
      } else {
        next[name[depth]].push_back(std::move(name));
      }
    }
    if (!is_name) nfa.add_epsilon(from, end);
    CodeSet taken = complement(kKeyCharacters);
    for (auto& [code, rest] : next) {
      taken.push_back({code, code});
      if (nfa.budget().is_spent()) return;
      uint32_t to = nfa.add_state();
      add_characters(nfa, {from, to}, {{code, code}}, Writing::kPlain);
      add(to, std::move(rest), depth + 1);
    }
    add_characters(nfa, {from, free}, complement(taken), Writing::kPlain);
  }
};

}  // namespace

uint32_t JsonLanguage::add_rule(std::function<Result<Fragment>()> build) {
  network_.rules.emplace_back();
  builders_.resize(network_.rules.size());
  builders_.back() = std::move(build);
  return static_cast<uint32_t>(network_.rules.size() - 1);
}

Status JsonLanguage::build_rules() {
  for (size_t i = 0; i < builders_.size(); ++i) {
    if (!builders_[i]) continue;
    if (!nfa_.budget().take(sizeof(Rule))) return nfa_.budget().error();
    auto build = std::exchange(builders_[i], nullptr);
    uint32_t first = nfa_.size();
    TENON_TRY(Fragment body, build());
    if (nfa_.budget().is_spent()) return nfa_.budget().error();
    Rule& rule = network_.rules[i];
    rule.body = body, rule.first = first, rule.last = nfa_.size();
  }
  return ok();
}

Fragment JsonLanguage::space(Guard guard) {
  Fragment made = nfa_.nothing();
  nfa_.add_epsilon(made.start, made.end);
  nfa_.add_bytes(made.start, made.end, ' ', ' ', guard);
  uint32_t from = nfa_.add_state();
  nfa_.add_bytes(made.start, from, '\n', '\n', guard);
  for (uint32_t i = 0; i <= kIndentMax; ++i) {
    nfa_.add_epsilon(from, made.end);
    if (i == kIndentMax) break;
    uint32_t to = nfa_.add_state();
    nfa_.add_bytes(from, to, ' ', ' ');
    from = to;
  }
  return made;
}

Fragment JsonLanguage::string() {
  if (!string_rule_)
    string_rule_ = add_rule([this]() -> Result<Fragment> {
      Fragment inside = nfa_.repeat(characters(nfa_, kStringCharacters, Writing::kJsonString));
      return nfa_.join({nfa_.bytes('"', '"'), inside, nfa_.bytes('"', '"')});
    });
  return nfa_.call(*string_rule_);
}

Fragment JsonLanguage::string(uint32_t min, uint32_t max) {
  if (min == 0 && max == Nfa::kNone) return string();
  uint32_t rule = add_rule([this]() -> Result<Fragment> {
    Fragment made = nfa_.bytes('"', '"');
    add_characters(nfa_, {made.end, made.end}, kStringCharacters, Writing::kJsonString, Guard::kCount);
    uint32_t end = nfa_.add_state();
    nfa_.add_bytes(made.end, end, '"', '"', Guard::kEnough);
    return Fragment{made.start, end};
  });
  network_.rules[rule].is_counted = true;
  network_.rules[rule].count_min = min, network_.rules[rule].count_max = max;
  return nfa_.call(rule);
}

Fragment JsonLanguage::key_other_than(const std::vector<std::string>& names) {
  Fragment inside = nfa_.nothing();
  uint32_t free = nfa_.add_state();
  std::vector<std::vector<uint32_t>> codes;
  // A name with a character that has to be escaped is no such key anyway.
  for (const std::string& name : names)
    if (written(name, Writing::kJsonString) == name) codes.push_back(code_points(name));
  Others{nfa_, inside.end, free}.add(inside.start, std::move(codes), 0);
  add_characters(nfa_, {free, free}, kKeyCharacters, Writing::kPlain);
  nfa_.add_epsilon(free, inside.end);
  return nfa_.join({nfa_.bytes('"', '"'), inside, nfa_.bytes('"', '"')});
}

Fragment JsonLanguage::integer() {
  Fragment parts[] = {nfa_.bytes('0', '0'),
                      nfa_.join({nfa_.bytes('1', '9'), nfa_.repeat(nfa_.bytes('0', '9'))})};
  return nfa_.join({nfa_.optional(nfa_.bytes('-', '-')), nfa_.any_of(parts)});
}

Fragment JsonLanguage::number() {
  Fragment part = nfa_.join({nfa_.bytes('.', '.'), digits(nfa_)});
  Fragment letters[] = {nfa_.bytes('e', 'e'), nfa_.bytes('E', 'E')};
  Fragment signs[] = {nfa_.bytes('+', '+'), nfa_.bytes('-', '-')};
  Fragment exponent = nfa_.join({nfa_.any_of(letters), nfa_.optional(nfa_.any_of(signs)), nfa_.bytes('0', '9'),
                                 nfa_.optional(nfa_.bytes('0', '9'))});
  return nfa_.join({integer(), nfa_.optional(part), nfa_.optional(exponent)});
}

Fragment JsonLanguage::number(const NumberRange& range) {
  if (range.least || range.most) return number_range(nfa_, range);
  return range.is_whole ? integer() : number();
}

Fragment JsonLanguage::boolean() {
  Fragment parts[] = {nfa_.literal("true"), nfa_.literal("false")};
  return nfa_.any_of(parts);
}

Fragment JsonLanguage::any_value() {
  Fragment parts[] = {string(), number(), boolean(), nfa_.literal("null"), any_object(), any_array()};
  return nfa_.any_of(parts);
}

Fragment JsonLanguage::any_object() {
  if (!object_rule_)
    object_rule_ = add_rule([this] {
      Fragment member = nfa_.join({string(), nfa_.bytes(':', ':'), space(), any_value()});
      return Result<Fragment>(list('{', '}', member));
    });
  return nfa_.call(*object_rule_);
}

Fragment JsonLanguage::any_array() {
  if (!array_rule_) array_rule_ = add_rule([this] { return Result<Fragment>(list('[', ']', any_value())); });
  return nfa_.call(*array_rule_);
}

Fragment JsonLanguage::list(char open, char close, Fragment item) {
  Fragment made = nfa_.literal({&open, 1});
  uint32_t before = nfa_.add_state(), end = nfa_.add_state();
  auto [first, next, last] = std::array{space(), space(), space()};
  Fragment comma = nfa_.literal(","), closing = nfa_.literal({&close, 1});
  for (auto [from, to] : {Fragment{made.end, first.start},
                          {first.end, before},
                          {before, item.start},
                          {item.end, comma.start},
                          {comma.end, next.start},
                          {next.end, before},
                          {item.end, last.start},
                          {last.end, closing.start},
                          {closing.end, end}})
    nfa_.add_epsilon(from, to);
  nfa_.add_bytes(made.end, end, static_cast<uint8_t>(close), static_cast<uint8_t>(close));
  return {made.start, end};
}

// Counts commas.
Fragment JsonLanguage::counted_array(std::function<Result<Fragment>()> item, uint32_t min, uint32_t max) {
  uint32_t rule = add_rule([=, this]() -> Result<Fragment> {
    Fragment open = nfa_.join({nfa_.literal("["), nfa_.empty()});
    uint32_t before = nfa_.add_state(), end = nfa_.add_state(), comma = nfa_.add_state();
    TENON_TRY(Fragment one, item());
    if (min == 0) nfa_.add_bytes(open.end, end, ']', ']');
    auto [first, next, last] = std::array{space(), space(), space(Guard::kEnough)};
    for (auto [from, to] : {Fragment{open.end, first.start},
                            {first.end, before},
                            {before, one.start},
                            {comma, next.start},
                            {next.end, before},
                            {one.end, last.start}})
      nfa_.add_epsilon(from, to);
    nfa_.add_bytes(one.end, comma, ',', ',', Guard::kCount);
    nfa_.add_bytes(last.end, end, ']', ']', Guard::kEnough);
    return Fragment{open.start, end};
  });
  network_.rules[rule].is_counted = true;
  network_.rules[rule].count_min = min > 0 ? min - 1 : 0;
  network_.rules[rule].count_max = max == Nfa::kNone ? max : max - 1;
  return nfa_.call(rule);
}

Fragment JsonLanguage::sequence(char open, char close, const std::vector<Fragment>& parts) {
  Fragment made = nfa_.literal({&open, 1});
  for (size_t i = 0; i < parts.size() && !nfa_.budget().is_spent(); ++i) {
    if (i > 0) made = nfa_.join({made, nfa_.literal(",")});
    made = nfa_.join({made, space(), parts[i]});
  }
  if (!parts.empty()) made = nfa_.join({made, space()});
  return nfa_.join({made, nfa_.literal({&close, 1})});
}

Fragment JsonLanguage::quoted(std::string_view text) {
  return nfa_.literal('"' + written(text, Writing::kJsonString) + '"');
}

Fragment JsonLanguage::constant(const Json& value) {
  if (value.is_string()) return quoted(value.get_ref<const std::string&>());
  if (!value.is_structured()) return nfa_.literal(value.dump());
  std::vector<Fragment> parts;
  for (const auto& [key, item] : value.items()) {
    if (nfa_.budget().is_spent()) break;
    Fragment part = constant(item);
    if (value.is_object()) part = nfa_.join({quoted(key), nfa_.literal(":"), space(), part});
    parts.push_back(part);
  }
  return value.is_object() ? sequence('{', '}', parts) : sequence('[', ']', parts);
}

}  // namespace tenon::grammar
