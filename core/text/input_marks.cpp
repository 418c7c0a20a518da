#include <tenon/text/input_marks.hpp>

#include <tenon/base/text.hpp>
#include <tenon/text/utf8.hpp>

#include <algorithm>

namespace tenon {
namespace {

constexpr uint32_t kFirstMark = 0xFDD0, kLastMark = 0xFDEF;

// Bytes of the character that begins with this one.
size_t character_bytes(char first) {
  auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

std::optional<std::string> InputMarks::find_unused(std::string_view text) {
  for (uint32_t character = kFirstMark; character <= kLastMark; ++character) {
    std::string mark = utf8_of(character);
    if (text.find(mark) == text.npos) return mark;
  }
  return std::nullopt;
}

// Whether a control token begins here, or would if the right text followed the end.
bool InputMarks::may_begin(std::string_view text) const {
  return std::any_of(control_texts_.begin(), control_texts_.end(), [&](const std::string& control) {
    size_t length = std::min(control.size(), text.size());
    return length > 0 && control[0] == text[0] &&
           std::string_view(control).substr(0, length) == text.substr(0, length);
  });
}

std::string InputMarks::protect(std::string_view text, std::string_view mark) const {
  std::string marked;
  for (size_t at = 0; at < text.size();) {
    size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
    marked += text.substr(at, bytes);
    if (may_begin(text.substr(at))) marked += mark;
    at += bytes;
  }
  return marked;
}

Json InputMarks::protect_all(const Json& value, std::string_view mark) const {
  if (value.is_string()) return protect(value.get_ref<const std::string&>(), mark);
  if (!value.is_structured()) return value;
  Json marked = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array()) {
      marked.push_back(protect_all(item, mark));
    } else {
      marked[protect(key, mark)] = protect_all(item, mark);
    }
  }
  return marked;
}

}  // namespace tenon
