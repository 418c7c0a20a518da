#include <tenon/base/text.hpp>
#include <tenon/text/pattern_dialect.hpp>

#include <spdlog/fmt/fmt.h>

#include <cctype>

namespace tenon {
namespace {

constexpr std::string_view kSharedEscapes = "dDrnt";
constexpr size_t kCategoryBytesMax = 5;  // before the } of \p{Lu}
constexpr std::string_view kRefused[] = {"^", "$", "}+", "{,", "(*"};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    while (at_ < pattern_.size()) {
      TENON_TRY(pattern_[at_] == '\\' ? escape() : in_set_ ? inside_set() : outside_set());
    }
    return std::move(translated_);
  }

 private:
  Status escape();
  Status category();
  Status inside_set();
  Status outside_set();

  Status copy(size_t bytes) {
    translated_ += pattern_.substr(at_, bytes);
    at_ += bytes;
    return ok();
  }
  bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  Error refused(std::string_view construct) const {
    return invalid(
        fmt::format("pattern: has {} at byte {}, which PCRE2 and Oniguruma read differently", construct, at_));
  }

  std::string_view pattern_;
  std::string translated_;
  size_t at_ = 0;
  bool in_set_ = false;
};

Status Translator::escape() {
  std::string_view pair = pattern_.substr(at_, 2);
  if (pair.size() < 2) return invalid("pattern: ends in a backslash, expected a character after it");
  char letter = pair[1];
  if (letter == 'p' || letter == 'P') return category();
  bool is_letter_or_digit = std::isalnum(static_cast<unsigned char>(letter)) != 0;
  if (!is_letter_or_digit || kSharedEscapes.find(letter) != std::string_view::npos) return copy(2);
  if (letter != 's' && letter != 'S') return refused(printable(pair));
  // PCRE2's \s counts U+180E and leaves out U+0085; Oniguruma's is the White_Space of Unicode.
  translated_ += letter == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
  at_ += 2;
  return ok();
}

// \p{L} and \p{Lu} are the same everywhere; a script, say, is not.
Status Translator::category() {
  std::string_view rest = pattern_.substr(at_);
  size_t close = rest.find('}');
  if (rest.size() < 3 || rest[2] != '{' || close > kCategoryBytesMax)
    return refused(printable(rest.substr(0, 8)));
  return copy(close + 1);
}

Status Translator::inside_set() {
  if (pattern_[at_] == '[') return refused("a set inside a set");
  if (next_is("&&")) return refused("&&");
  in_set_ = pattern_[at_] != ']';
  return copy(1);
}

Status Translator::outside_set() {
  for (std::string_view construct : kRefused)
    if (next_is(construct)) return refused(construct);
  bool sets_options = next_is("(?") && at_ + 2 < pattern_.size() &&
                      std::isalpha(static_cast<unsigned char>(pattern_[at_ + 2])) != 0;
  if (sets_options && !next_is("(?i:")) return refused(printable(pattern_.substr(at_, 4)));
  if (pattern_[at_] != '[') return copy(1);
  in_set_ = true;
  size_t opening = next_is("[^") ? 2 : 1;
  if (pattern_.substr(at_ + opening).starts_with("]")) return refused("an empty set");
  return copy(opening);
}

}  // namespace

Result<std::string> to_pcre2(std::string_view pattern) { return Translator(pattern).run(); }

}  // namespace tenon
