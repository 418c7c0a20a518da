#include <tenon/text/grammar/json_language.hpp>

#include <algorithm>
#include <array>

namespace tenon::grammar {
namespace {

// Digits behind the point at most, unless a bound has more: so few that a reader's binary numbers compare as
// the digits do.
constexpr size_t kPartDigits = 6;

std::string padded(const Decimal& number, size_t part_digits) {
  return number.whole + number.part + std::string(part_digits - number.part.size(), '0');
}

// Numbers that are not negative, of one count of digits before the point, between two rows of digits.
class Digits {
 public:
  Digits(Nfa& nfa, size_t whole, bool excludes_low, bool excludes_high)
      : nfa_(nfa), whole_(whole), excludes_low_(excludes_low), excludes_high_(excludes_high) {}

  // low, high: equally long
  Fragment between(const std::string& low, const std::string& high) {
    Fragment made = nfa_.nothing();
    // What is known so far: equal to the beginning of low, of high. Made when it is first needed.
    std::vector<std::array<uint32_t, 4>> states(low.size() + 1,
                                                {Nfa::kNone, Nfa::kNone, Nfa::kNone, Nfa::kNone});
    states[0][3] = made.start;
    for (size_t at = 0; at <= low.size(); ++at)
      for (uint32_t known = 0; known < 4; ++known)
        if (states[at][known] != Nfa::kNone) add(low, high, at, known, states, made.end);
    return made;
  }

 private:
  using States = std::vector<std::array<uint32_t, 4>>;

  void add(const std::string& low, const std::string& high, size_t at, uint32_t known, States& states,
           uint32_t end) {
    uint32_t from = states[at][known];
    bool is_low = known & 1, is_high = known & 2;
    if (at >= whole_ && may_end(low, high, at, is_low, is_high)) nfa_.add_epsilon(from, end);
    if (at == low.size()) return;
    if (at == whole_) {
      uint32_t point = nfa_.add_state();
      nfa_.add_bytes(from, point, '.', '.');
      from = point;
    }
    bool is_leading = at == 0 && whole_ > 1;
    int first = is_low ? low[at] : is_leading ? '1' : '0', last = is_high ? high[at] : '9';
    for (int digit = std::max<int>(first, is_leading ? '1' : '0'); digit <= last; ++digit) {
      uint32_t next = (is_low && digit == low[at] ? 1 : 0) | (is_high && digit == high[at] ? 2 : 0);
      if (nfa_.budget().is_spent()) return;
      if (states[at + 1][next] == Nfa::kNone) states[at + 1][next] = nfa_.add_state();
      nfa_.add_bytes(from, states[at + 1][next], static_cast<uint8_t>(digit), static_cast<uint8_t>(digit));
    }
  }

  // All digits that are not written are zeros.
  bool may_end(const std::string& low, const std::string& high, size_t at, bool is_low, bool is_high) const {
    auto has_rest = [&](const std::string& bound) { return bound.find_first_not_of('0', at) != bound.npos; };
    if (is_low && (has_rest(low) || excludes_low_)) return false;
    return !(is_high && excludes_high_ && !has_rest(high));
  }

  Nfa& nfa_;
  const size_t whole_;
  const bool excludes_low_, excludes_high_;
};

// From `low` to `high`, neither negative.
struct Side {
  Decimal low;
  std::optional<Decimal> high;
  bool excludes_low = false, excludes_high = false;
};

Fragment without_sign(Nfa& nfa, const Side& side, bool is_whole) {
  size_t part = is_whole ? 0 : kPartDigits;
  part = std::max({part, side.low.part.size(), side.high ? side.high->part.size() : 0});
  std::string low = padded(side.low, part), high = side.high ? padded(*side.high, part) : "";
  // Without an upper bound: numbers with as many digits as the lower one has, and all that have more.
  size_t least = low.size() - part, most = side.high ? high.size() - part : least;
  std::vector<Fragment> parts;
  for (size_t whole = least; whole <= most; ++whole) {
    bool is_least = whole == least, is_most = side.high && whole == most;
    std::string from = is_least ? low : "1" + std::string(whole - 1 + part, '0');
    std::string to = is_most ? high : std::string(whole + part, '9');
    Digits digits(nfa, whole, is_least && side.excludes_low, is_most && side.excludes_high);
    if (from <= to) parts.push_back(digits.between(from, to));
  }
  if (!side.high) {
    uint32_t first = nfa.size();
    Fragment more = nfa.bytes('0', '9');
    Fragment head =
        nfa.join({nfa.bytes('1', '9'), nfa.repeat(more, first, static_cast<uint32_t>(least), Nfa::kNone)});
    Fragment tail = nfa.empty();
    if (!is_whole) {
      uint32_t tail_first = nfa.size();
      Fragment digit = nfa.bytes('0', '9');
      Fragment all = nfa.repeat(digit, tail_first, 1, static_cast<uint32_t>(part));
      tail = nfa.optional(nfa.join({nfa.bytes('.', '.'), all}));
    }
    parts.push_back(nfa.join({head, tail}));
  }
  return nfa.any_of(parts);
}

}  // namespace

Fragment number_range(Nfa& nfa, const NumberRange& range) {
  const Decimal zero;
  std::vector<Fragment> parts;
  if (!range.most || !range.most->is_negative) {
    bool from_least = range.least && !range.least->is_negative;
    Side side{from_least ? *range.least : zero, range.most, from_least && range.excludes_least,
              range.excludes_most};
    parts.push_back(without_sign(nfa, side, range.is_whole));
  }
  if (!range.least || range.least->is_negative) {
    bool from_most = range.most && range.most->is_negative;
    Side side{from_most ? *range.most : zero, range.least, from_most ? range.excludes_most : true,
              range.excludes_least};
    parts.push_back(nfa.join({nfa.bytes('-', '-'), without_sign(nfa, side, range.is_whole)}));
  }
  return nfa.any_of(parts);
}

}  // namespace tenon::grammar
