#include <tenon/text/grammar/regex.hpp>

#include "regex_class.hpp"

#include <tenon/base/text.hpp>

#include <spdlog/fmt/fmt.h>

namespace tenon::grammar {
namespace {

constexpr uint32_t kCountMax = 1000;

class RegexCompiler {
 public:
  RegexCompiler(Nfa& nfa, std::string_view pattern, Writing writing, const std::string& who)
      : nfa_(nfa), reader_(pattern, who), writing_(writing) {}

  Result<Fragment> run(Anchoring anchoring) {
    anchoring_ = anchoring;
    TENON_TRY(Fragment made, alternatives(0));
    if (!reader_.at_end()) return reader_.fail("a ) has no (");
    return made;
  }

 private:
  // At depth 0 with the places ^ and $, and with what may stand around a match.
  Result<Fragment> alternatives(uint32_t depth) {
    if (depth > nfa_.budget().limits().depth_max)
      return too_complex(fmt::format("groups are nested more than {} deep", depth - 1));
    std::vector<Fragment> parts;
    do {
      bool is_start = depth == 0 && reader_.take('^');
      TENON_TRY(Fragment part, sequence(depth));
      bool is_end = depth == 0 && reader_.take('$');
      if (!is_start && depth == 0) part = nfa_.join({around(), part});
      if (!is_end && depth == 0) part = nfa_.join({part, around()});
      parts.push_back(part);
    } while (reader_.take('|'));
    return parts.size() == 1 ? parts[0] : nfa_.any_of(parts);
  }

  Fragment around() {
    if (anchoring_ == Anchoring::kWhole) return nfa_.empty();
    return nfa_.repeat(characters(nfa_, {{0, kCodeMax}}, writing_));
  }

  bool at_end_of_sequence(uint32_t depth) {
    if (reader_.at_end() || reader_.is_next('|') || reader_.is_next(')')) return true;
    if (depth > 0 || !reader_.is_next('$')) return false;
    size_t place = reader_.place();
    reader_.take('$');
    bool is_last = reader_.at_end() || reader_.is_next('|');
    reader_.return_to(place);
    return is_last;
  }

  Result<Fragment> sequence(uint32_t depth) {
    Fragment made = nfa_.empty();
    while (!at_end_of_sequence(depth)) {
      if (nfa_.budget().is_spent()) return nfa_.budget().error();
      uint32_t first = nfa_.size();
      TENON_TRY(Fragment part, atom(depth));
      TENON_TRY(part, counted(part, first));
      made = nfa_.join({made, part});
    }
    return made;
  }

  Result<Fragment> atom(uint32_t depth) {
    if (reader_.take('(')) return group(depth);
    if (reader_.take('.')) return characters(nfa_, complement({{'\n', '\n'}}), writing_);
    if (reader_.take('[')) return one_of(reader_.bracket());
    if (reader_.take('\\')) return one_of(reader_.escape());
    for (char sign : {'*', '+', '?', '{'})
      if (reader_.is_next(sign)) return reader_.fail(fmt::format("a {} has nothing before it", sign));
    for (char sign : {'^', '$'})
      if (reader_.is_next(sign)) return reader_.fail(fmt::format("a {} inside, not supported,", sign));
    uint32_t code = reader_.take();
    return characters(nfa_, {{code, code}}, writing_);
  }

  Result<Fragment> one_of(Result<CodeSet> set) {
    if (!set.ok()) return std::move(set).error();
    return characters(nfa_, set.value(), writing_);
  }

  // After its opening bracket.
  Result<Fragment> group(uint32_t depth) {
    if (reader_.take('?') && !reader_.take(':')) {
      bool is_named = reader_.take("P<") || (reader_.is_next('<') && reader_.take('<'));
      if (!is_named || reader_.is_next('=') || reader_.is_next('!'))
        return reader_.fail("a group of a kind that is not supported, expected (?: or (?P<name>,");
      while (!reader_.at_end() && !reader_.take('>')) reader_.take();
    }
    TENON_TRY(Fragment made, alternatives(depth + 1));
    if (!reader_.take(')')) return reader_.fail("a ( has no ), expected one");
    return made;
  }

  Result<Fragment> counted(Fragment part, uint32_t first) {
    size_t place = reader_.place();
    uint32_t min = 1, max = 1;
    if (reader_.take('*')) {
      min = 0, max = Nfa::kNone;
    } else if (reader_.take('+')) {
      max = Nfa::kNone;
    } else if (reader_.take('?')) {
      min = 0;
    } else if (reader_.is_next('{')) {
      TENON_TRY(braces(min, max));
    }
    if (reader_.place() == place) return part;
    reader_.take('?');
    for (char sign : {'*', '+', '?', '{'})
      if (reader_.is_next(sign)) return reader_.fail("a count has a count, not supported,");
    return nfa_.repeat(part, first, min, max);
  }

  Status braces(uint32_t& min, uint32_t& max) {
    reader_.take('{');
    auto low = reader_.take_number(), high = low;
    if (low && reader_.take(',')) {
      high = reader_.is_next('}') ? Nfa::kNone : reader_.take_number();
    }
    if (!low || !high || !reader_.take('}')) return reader_.fail("expected a count like {2}, {2,} or {2,5}");
    if (*low > kCountMax || (*high != Nfa::kNone && *high > kCountMax))
      return reader_.fail(fmt::format("a count is above {}", kCountMax));
    if (*low > *high) return reader_.fail("a count is of more than it allows");
    min = *low, max = *high;
    return ok();
  }

  Nfa& nfa_;
  RegexReader reader_;
  const Writing writing_;
  Anchoring anchoring_ = Anchoring::kWhole;
};

}  // namespace

Result<Fragment> compile_regex(Nfa& nfa, std::string_view pattern, Writing writing, Anchoring anchoring,
                               const std::string& who) {
  if (pattern.size() > nfa.budget().limits().text_bytes_max)
    return too_complex(fmt::format("{}: is {} bytes long, expected at most {}", who, pattern.size(),
                                   nfa.budget().limits().text_bytes_max));
  if (!is_valid_utf8(pattern)) return invalid(who + ": is not valid UTF-8");
  return RegexCompiler(nfa, pattern, writing, who).run(anchoring);
}

}  // namespace tenon::grammar
