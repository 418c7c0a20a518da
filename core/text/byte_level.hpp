// The alphabet in which byte-level tokenizers write tokens: one printable character, a letter, for each byte
// value. Bytes that print stand for themselves (Latin-1); the other 68 stand for U+0100 and up, so a space is
// written as Ġ.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

// "Ġhi" of " hi"
std::string letters_of(std::string_view bytes);

// " hi" of "Ġhi"; nothing if a character is not of the alphabet. REQUIRES: letters is valid UTF-8.
std::optional<std::string> find_bytes(std::string_view letters);

}  // namespace tenon
