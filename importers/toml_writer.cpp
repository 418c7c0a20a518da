#include <importers/toml_writer.hpp>

#include <tenon/base/text.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tenon {
namespace {

constexpr size_t kCommentColumnMax = 32;

}  // namespace

void TomlWriter::section(const std::string& name, const std::string& comment_text) {
  lines_.push_back({"", ""});
  if (!comment_text.empty()) comment(comment_text);
  lines_.push_back({"[" + name + "]", ""});
}

void TomlWriter::comment(const std::string& text) {
  lines_.push_back({"# " + printable(text, text.size() + 1), ""});
}

void TomlWriter::raw_key(const std::string& name, const std::string& toml, const std::string& comment_text) {
  lines_.push_back({name + " = " + toml, comment_text});
}

void TomlWriter::key(const std::string& name, int64_t value, const std::string& comment_text) {
  raw_key(name, std::to_string(value), comment_text);
}

void TomlWriter::key(const std::string& name, double value, const std::string& comment_text) {
  std::string text = fmt::format("{}", value);  // the shortest text that reads back as the same number
  bool is_float = text.find_first_of(".en") != std::string::npos;
  raw_key(name, is_float ? text : text + ".0", comment_text);
}

void TomlWriter::key(const std::string& name, bool value, const std::string& comment_text) {
  raw_key(name, value ? "true" : "false", comment_text);
}

void TomlWriter::key(const std::string& name, const std::string& value, const std::string& comment_text) {
  raw_key(name, quoted(value), comment_text);
}

void TomlWriter::key(const std::string& name, const char* value, const std::string& comment_text) {
  key(name, std::string(value), comment_text);
}

std::string TomlWriter::quoted(const std::string& text) {
  std::string toml = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') toml += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      toml += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      toml += c;
  }
  return toml + "\"";
}

std::string TomlWriter::list(const std::vector<std::string>& items) {
  std::string toml = "[";
  for (const std::string& item : items) toml += (toml.size() > 1 ? ", " : "") + quoted(item);
  return toml + "]";
}

std::string TomlWriter::list(const std::vector<int64_t>& items) {
  std::string toml = "[";
  for (int64_t item : items) toml += (toml.size() > 1 ? ", " : "") + std::to_string(item);
  return toml + "]";
}

std::string TomlWriter::text() const {
  std::string text;
  for (size_t begin = 0; begin < lines_.size();) {
    // A run of lines without a blank one shares a column for its comments.
    size_t end = begin, width = 0;
    for (; end < lines_.size() && !lines_[end].code.empty(); ++end)
      if (!lines_[end].comment.empty()) width = std::max(width, lines_[end].code.size());
    width = std::min(width, kCommentColumnMax);
    for (; begin < end; ++begin) {
      const Line& line = lines_[begin];
      text += line.comment.empty() ? line.code : fmt::format("{:<{}}  # {}", line.code, width, line.comment);
      text += "\n";
    }
    if (begin < lines_.size()) text += "\n", ++begin;
  }
  return text;
}

}  // namespace tenon
