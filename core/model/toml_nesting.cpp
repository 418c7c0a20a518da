#include <tenon/model/toml_nesting.hpp>

#include <algorithm>

namespace tenon {
namespace {

// Offset after the string or comment that begins at `at`; `at` itself if neither does.
size_t skip_text(std::string_view text, size_t at) {
  char mark = text[at];
  if (mark == '#') return std::min(text.find('\n', at), text.size());
  if (mark != '"' && mark != '\'') return at;
  bool is_long = text.substr(at).starts_with(mark == '"' ? "\"\"\"" : "'''");
  size_t marks = is_long ? 3 : 1;
  for (size_t i = at + marks; i < text.size(); ++i) {
    if (mark == '"' && text[i] == '\\') {
      ++i;
    } else if (text.substr(i, marks) == text.substr(at, marks)) {
      return i + marks;
    } else if (!is_long && text[i] == '\n') {
      return i;  // never closed
    }
  }
  return text.size();
}

bool ends_key(char c) {
  return c == '\n' || c == '=' || c == ',' || c == '{' || c == '}' || c == '[' || c == ']';
}

}  // namespace

std::optional<size_t> find_deep_nesting(std::string_view text, int depth_max) {
  int brackets = 0, dots = 0;
  std::optional<size_t> key;  // where the current one, or what may be one, begins
  for (size_t at = 0; at < text.size();) {
    char c = text[at];
    if (!key && c != ' ' && c != '\t' && c != '\r' && !ends_key(c)) key = at;
    if (ends_key(c)) key.reset(), dots = 0;
    if (c == '[' || c == '{') ++brackets;
    if ((c == ']' || c == '}') && brackets > 0) --brackets;
    if (c == '.') ++dots;
    if (brackets + dots > depth_max) return key.value_or(at);
    at = std::max(skip_text(text, at), at + 1);
  }
  return std::nullopt;
}

}  // namespace tenon
