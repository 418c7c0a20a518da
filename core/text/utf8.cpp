#include <tenon/base/check.hpp>
#include <tenon/base/text.hpp>
#include <tenon/text/utf8.hpp>

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tenon {
namespace {

constexpr const char* kReplacement = "\xef\xbf\xbd";

struct Character {
  utf8proc_int32_t code;  // negative: not a valid sequence
  size_t bytes;
};

Character first_character(std::string_view text) {
  Character first{-1, 0};
  auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                static_cast<utf8proc_ssize_t>(text.size()), &first.code);
  first.bytes = bytes > 0 ? static_cast<size_t>(bytes) : 0;
  return first;
}

Character last_character(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (text[at] & 0xc0) == 0x80) --at;
  return first_character(text.substr(at));
}

// Bytes at the front that could have begun a sequence, at least 1. REQUIRES: no valid sequence is at the front.
size_t invalid_part(std::string_view bytes) {
  size_t length = 1;
  while (length < bytes.size() && utf8_complete_prefix(bytes.substr(0, length + 1)) == 0) ++length;
  return length;
}

bool is_space(utf8proc_int32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x85 || code == 0x20 ||
         (utf8proc_category(code) >= UTF8PROC_CATEGORY_ZS && utf8proc_category(code) <= UTF8PROC_CATEGORY_ZP);
}

// Circled and squared letters are symbols by category, but alphabetic all the same.
bool is_enclosed_letter(utf8proc_int32_t code) {
  return (code >= 0x24b6 && code <= 0x24e9) || (code >= 0x1f130 && code <= 0x1f149) ||
         (code >= 0x1f150 && code <= 0x1f169) || (code >= 0x1f170 && code <= 0x1f189);
}

bool is_mark(utf8proc_int32_t code) {
  auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool is_word(utf8proc_int32_t code) {
  auto category = utf8proc_category(code);
  bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
  bool number = category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL;
  bool joiner = code == 0x200c || code == 0x200d;
  return letter || is_mark(code) || number || joiner || category == UTF8PROC_CATEGORY_PC ||
         is_enclosed_letter(code);
}

// utf8proc takes quadratic time to order a run of marks, so a longer run than any script has is ordered in
// parts.
constexpr int kMarksMax = 256;

// Bytes at the front that are normalised at once.
size_t part_to_normalize(std::string_view text) {
  size_t bytes = 0;
  for (int marks = 0; bytes < text.size() && marks < kMarksMax;) {
    Character next = first_character(text.substr(bytes));
    TENON_CHECK(next.bytes > 0, "the text to normalise is not valid UTF-8");
    marks = is_mark(next.code) ? marks + 1 : 0;
    bytes += next.bytes;
  }
  return bytes;
}

std::string compose(std::string_view text) {
  utf8proc_uint8_t* composed = nullptr;
  auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  auto bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                            static_cast<utf8proc_ssize_t>(text.size()), &composed, options);
  TENON_CHECK(bytes >= 0, "utf8proc: {}", utf8proc_errmsg(bytes));
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
  return std::string(reinterpret_cast<const char*>(composed), static_cast<size_t>(bytes));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string replace_invalid_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    size_t valid = first_character(bytes).bytes;
    text += valid > 0 ? bytes.substr(0, valid) : kReplacement;
    bytes.remove_prefix(valid > 0 ? valid : invalid_part(bytes));
  }
  return text;
}

std::string utf8_of(uint32_t code) {
  utf8proc_uint8_t bytes[4];
  auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(length)};
}

std::string normalize_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string normalized;
  while (!text.empty()) {
    size_t bytes = part_to_normalize(text);
    normalized += compose(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return normalized;
}

bool starts_with_word(std::string_view text) { return !text.empty() && is_word(first_character(text).code); }

bool ends_with_word(std::string_view text) { return !text.empty() && is_word(last_character(text).code); }

size_t leading_space_bytes(std::string_view text) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    Character next = first_character(text.substr(bytes));
    if (!is_space(next.code)) break;
    bytes += next.bytes;
  }
  return bytes;
}

size_t trailing_space_bytes(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    Character last = last_character(text.substr(0, end));
    if (!is_space(last.code)) break;
    end -= last.bytes;
  }
  return text.size() - end;
}

}  // namespace tenon
