#include <tenon/text/byte_level.hpp>

#include <array>

namespace tenon {
namespace {

constexpr uint32_t kFirstSubstitute = 0x100;
constexpr uint32_t kLetterEnd = kFirstSubstitute + 68;

constexpr bool prints(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

struct Alphabet {
  std::array<uint16_t, 256> letter{};      // by byte
  std::array<uint8_t, kLetterEnd> byte{};  // by letter
  std::array<bool, kLetterEnd> is_letter{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  uint32_t substitute = kFirstSubstitute;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t letter = prints(byte) ? byte : substitute++;
    alphabet.letter[byte] = static_cast<uint16_t>(letter);
    alphabet.byte[letter] = static_cast<uint8_t>(byte);
    alphabet.is_letter[letter] = true;
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string letters_of(std::string_view bytes) {
  std::string letters;
  letters.reserve(bytes.size() * 2);
  for (char byte : bytes) {
    uint32_t letter = kAlphabet.letter[static_cast<uint8_t>(byte)];
    if (letter >= 0x80) letters += static_cast<char>(0xc0 | letter >> 6);
    letters += static_cast<char>(letter < 0x80 ? letter : 0x80 | (letter & 0x3f));
  }
  return letters;
}

std::optional<std::string> find_bytes(std::string_view letters) {
  std::string bytes;
  for (size_t at = 0; at < letters.size(); ++at) {
    uint32_t letter = static_cast<uint8_t>(letters[at]);
    // Every letter takes one or two bytes of UTF-8; what leads three or four is beyond the alphabet.
    if (letter >= 0xe0) return std::nullopt;
    if (letter >= 0x80) letter = (letter & 0x1f) << 6 | (static_cast<uint8_t>(letters[++at]) & 0x3f);
    if (letter >= kLetterEnd || !kAlphabet.is_letter[letter]) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[letter]);
  }
  return bytes;
}

}  // namespace tenon
