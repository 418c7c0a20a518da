#include "regex_class.hpp"

#include <spdlog/fmt/fmt.h>

namespace tenon::grammar {
namespace {

const CodeSet kDigits = {{'0', '9'}};
const CodeSet kWord = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CodeSet kSpace = {{'\t', '\r'}, {' ', ' '}};

bool is_sign(uint32_t code) {
  return code < 0x80 && !(code >= '0' && code <= '9') && !(code >= 'A' && code <= 'Z') &&
         !(code >= 'a' && code <= 'z');
}

bool is_one(const CodeSet& set) { return set.size() == 1 && set[0].low == set[0].high; }

}  // namespace

Error RegexReader::fail(const std::string& fact) const {
  return invalid(fmt::format("{}: {} at character {}", who_, fact, at_));
}

bool RegexReader::take(std::string_view signs) {
  size_t start = at_;
  for (char sign : signs)
    if (!take(sign)) return at_ = start, false;
  return true;
}

std::optional<uint32_t> RegexReader::take_number() {
  uint32_t number = 0, digits = 0;
  for (; digits < 6 && !at_end() && codes_[at_] >= '0' && codes_[at_] <= '9'; ++digits)
    number = 10 * number + (take() - '0');
  if (digits == 0) return std::nullopt;
  return number;
}

Result<uint32_t> RegexReader::hexadecimal(int digits) {
  uint32_t code = 0;
  for (int i = 0; i < digits; ++i) {
    uint32_t digit = at_end() ? 0 : take() | 0x20;
    bool is_number = digit >= '0' && digit <= '9', is_letter = digit >= 'a' && digit <= 'f';
    if (!is_number && !is_letter) return fail(fmt::format("expected {} hexadecimal digits", digits));
    code = code << 4 | (is_number ? digit - '0' : digit - 'a' + 10);
  }
  return code;
}

Result<CodeSet> RegexReader::escape() {
  if (at_end()) return fail("a backslash ends the expression, expected what it escapes");
  uint32_t code = take();
  switch (code) {
    case 'd': return kDigits;
    case 'D': return complement(kDigits);
    case 'w': return kWord;
    case 'W': return complement(kWord);
    case 's': return kSpace;
    case 'S': return complement(kSpace);
    case 'n': return CodeSet{{'\n', '\n'}};
    case 'r': return CodeSet{{'\r', '\r'}};
    case 't': return CodeSet{{'\t', '\t'}};
    case 'f': return CodeSet{{'\f', '\f'}};
    case 'v': return CodeSet{{'\v', '\v'}};
    case 'x':
    case 'u': {
      TENON_TRY(uint32_t number, hexadecimal(code == 'x' ? 2 : 4));
      return CodeSet{{number, number}};
    }
    default: break;
  }
  if (is_sign(code)) return CodeSet{{code, code}};
  return fail("an escape sequence that is not supported ends");
}

Result<CodeSet> RegexReader::bracket_item() {
  if (is_next('[') && (take("[:") || take("[.") || take("[=")))
    return fail("a POSIX class begins, not supported");
  if (take('\\')) {
    if (take('b')) return CodeSet{{'\b', '\b'}};
    return escape();
  }
  uint32_t code = take();
  return CodeSet{{code, code}};
}

Result<CodeSet> RegexReader::bracket() {
  bool is_negated = take('^');
  CodeSet set;
  for (bool is_first = true;; is_first = false) {
    if (at_end()) return fail("a [ has no ], expected one");
    if (is_next(']') && !is_first) break;
    if (is_next(']')) return fail("a set is empty, expected a character in it or \\]");
    TENON_TRY(CodeSet item, bracket_item());
    size_t dash = at_;
    if (is_one(item) && take('-') && !at_end() && !is_next(']')) {
      TENON_TRY(CodeSet end, bracket_item());
      if (!is_one(end) || end[0].low < item[0].low) return fail("a range of characters ends before it begins");
      item[0].high = end[0].low;
    } else {
      at_ = dash;
    }
    set.insert(set.end(), item.begin(), item.end());
  }
  take(']');
  return is_negated ? complement(set) : normalised(std::move(set));
}

}  // namespace tenon::grammar
