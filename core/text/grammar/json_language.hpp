// JSON as a language: the parts that schemas are made of. One way to write each value, but for numbers and for
// what stands between: after { [ , : and before } ] there may be nothing, one space, or a new line and up to 16
// spaces. Empty objects and arrays have nothing inside. One thread.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/grammar/characters.hpp>

#include <functional>
#include <optional>

namespace tenon::grammar {

// A decimal number that is not negative: digits before the point, without leading zeros, and after it.
struct Decimal {
  std::string whole = "0", part;
  bool is_negative = false;
};

// Numbers from `least` to `most`; open where there is none.
struct NumberRange {
  std::optional<Decimal> least, most;
  bool excludes_least = false, excludes_most = false;
  bool is_whole = false;
};

class JsonLanguage {
 public:
  explicit JsonLanguage(Network& network) : network_(network), nfa_(network.nfa) {}

  // Adds a rule that `build` makes the body of, and returns its number. Rules are built one after the other, by
  // build_rules(), so that build may ask for further ones.
  uint32_t add_rule(std::function<Result<Fragment>()> build);
  Status build_rules();

  Fragment space(Guard guard = Guard::kNone);  // its first byte has the guard
  Fragment string();                           // of any characters
  // Of so many characters; max Nfa::kNone: no limit.
  Fragment string(uint32_t min, uint32_t max);
  // Without escapes, and none of these.
  Fragment key_other_than(const std::vector<std::string>& names);
  Fragment number();   // an exponent has at most two digits
  Fragment integer();  // no exponent
  Fragment number(const NumberRange& range);
  Fragment boolean();
  Fragment any_value();
  Fragment any_object();
  Fragment any_array();
  // This value.
  Fragment constant(const Json& value);
  Fragment quoted(std::string_view text);

  // Words of `item` between `open` and `close`, with commas; or none.
  Fragment list(char open, char close, Fragment item);
  // An array of min to max of them, a rule. REQUIRES: max > 0
  Fragment counted_array(std::function<Result<Fragment>()> item, uint32_t min, uint32_t max);
  // open, the parts with commas between, and close; as constants are written.
  Fragment sequence(char open, char close, const std::vector<Fragment>& parts);

  Nfa& nfa() { return nfa_; }

 private:
  Network& network_;
  Nfa& nfa_;
  std::vector<std::function<Result<Fragment>()>> builders_;  // of rules that have no body yet, by number
  std::optional<uint32_t> string_rule_, object_rule_, array_rule_;
};

// Whole numbers and decimals in a range, as digits; see number_range.cpp.
Fragment number_range(Nfa& nfa, const NumberRange& range);

}  // namespace tenon::grammar
