// What stands for one character in a regular expression: escapes and bracketed sets.
#pragma once
#include <tenon/text/grammar/characters.hpp>

#include <optional>

namespace tenon::grammar {

// Reads from the left of an expression; what it cannot read it reports with the place.
class RegexReader {
 public:
  // The expression must outlive it. REQUIRES: it is valid UTF-8
  RegexReader(std::string_view pattern, std::string who) : codes_(code_points(pattern)), who_(std::move(who)) {}

  bool at_end() const { return at_ == codes_.size(); }
  bool is_next(char sign) const { return !at_end() && codes_[at_] == static_cast<uint32_t>(sign); }
  bool take(char sign) { return is_next(sign) && ++at_; }
  // Several signs; all or none.
  bool take(std::string_view signs);
  // REQUIRES: !at_end()
  uint32_t take() { return codes_[at_++]; }
  // A decimal number of at most 6 digits.
  std::optional<uint32_t> take_number();
  size_t place() const { return at_; }
  void return_to(size_t place) { at_ = place; }

  // What follows a backslash.
  Result<CodeSet> escape();
  // What follows an opening bracket, up to the closing one.
  Result<CodeSet> bracket();

  Error fail(const std::string& fact) const;

 private:
  Result<CodeSet> bracket_item();
  Result<uint32_t> hexadecimal(int digits);

  std::vector<uint32_t> codes_;
  std::string who_;
  size_t at_ = 0;
};

}  // namespace tenon::grammar
