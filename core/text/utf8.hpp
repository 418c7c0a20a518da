// Text as bytes, and the few questions about single characters that added tokens ask. Any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tenon {

// The text with U+FFFD for every maximal invalid part (Unicode 15, section 3.9), as byte-level decoders give
// it.
std::string replace_invalid_utf8(std::string_view bytes);

// The character with this code. REQUIRES: there is one, so no surrogate and at most 0x10FFFF.
std::string utf8_of(uint32_t code);

// Canonical composition. REQUIRES: text is valid UTF-8.
std::string normalize_nfc(std::string_view text);

// REQUIRES for the following: text is valid UTF-8. All are false or 0 for empty text.
bool starts_with_word(std::string_view text);        // a letter, mark, digit or connector
bool ends_with_word(std::string_view text);          // the same, at the end
size_t leading_space_bytes(std::string_view text);   // of the white space at the start
size_t trailing_space_bytes(std::string_view text);  // of the white space at the end

}  // namespace tenon
