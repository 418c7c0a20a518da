#include <tenon/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace tenon {
namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above), above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// Length of the UTF-8 sequence that a lead byte announces; 0 for a byte that cannot lead.
size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

// The second byte's range excludes overlong forms, surrogates and values beyond U+10FFFF (Unicode 15, table
// 3-7).
bool is_second_byte(unsigned char lead, unsigned char second) {
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

bool is_continuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the valid sequence at the front of text; 0 if it is invalid or cut short.
size_t utf8_sequence(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = utf8_length(byte(0));
  if (length < 2 || length > text.size()) return length == 1 ? 1 : 0;
  if (!is_second_byte(byte(0), byte(1))) return 0;
  for (size_t i = 2; i < length; ++i)
    if (!is_continuation(byte(i))) return 0;
  return length;
}

}  // namespace

std::string format_bytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 1024 && unit < 4) value /= 1024, ++unit;
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, kUnits[unit]);
}

std::string format_count(uint64_t count) {
  std::string digits = std::to_string(count);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string format_number(double number) {
  std::string text = fmt::format("{}", number);
  bool is_float = text.find_first_of(".enf") != std::string::npos;
  return is_float ? text : text + ".0";
}

std::string join_words(const std::vector<std::string>& words) {
  std::string joined;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += i + 1 == words.size() ? " and " : ", ";
    joined += words[i];
  }
  return joined;
}

std::optional<std::string> find_nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  size_t best_distance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  auto nearest = find_nearest(word, candidates);
  return nearest ? " (did you mean " + *nearest + "?)" : "";
}

std::optional<uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  std::erase(unit, ' ');
  double factor = 1;
  if (!unit.empty()) {
    size_t power =
        std::string_view("BKMGT").find(static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
    std::string rest = unit.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || (power > 0 && (rest == "iB" || rest == "B"))))
      return std::nullopt;
    factor = static_cast<double>(uint64_t{1} << (10 * power));
  }
  if (number * factor >= 9.2e18) return std::nullopt;
  return static_cast<uint64_t>(number * factor);
}

std::string printable(std::string_view text, size_t max) {
  std::string shown;
  while (!text.empty()) {
    if (shown.size() >= max) return shown + "...";
    size_t length = utf8_sequence(text);
    unsigned char first = static_cast<unsigned char>(text[0]);
    // U+0080 to U+009f are control characters too: a terminal takes U+009b for ESC [.
    bool is_control = first < 0x20 || first == 0x7f || (first == 0xc2 && length == 2 && text[1] < '\xa0');
    if (length == 0) length = 1, is_control = true;
    for (char c : text.substr(0, length))
      shown += is_control ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
    text.remove_prefix(length);
  }
  return shown;
}

size_t utf8_complete_prefix(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    unsigned char byte = static_cast<unsigned char>(text[text.size() - back]);
    if (is_continuation(byte)) continue;
    size_t length = utf8_length(byte);
    if (length <= back) break;
    bool may_continue =
        back < 2 || is_second_byte(byte, static_cast<unsigned char>(text[text.size() - back + 1]));
    return may_continue ? text.size() - back : text.size();
  }
  return text.size();
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace tenon
