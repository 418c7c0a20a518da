// Writing TOML that people will read: one key per line, each with a comment.
#pragma once
#include <string>
#include <variant>
#include <vector>

namespace tenon {

class TomlWriter {
 public:
  // "\n# comment" lines, then "[name]".
  void section(const std::string& name, const std::string& comment = "");
  // "key = value   # comment", the comments of neighbouring lines aligned.
  void key(const std::string& name, int64_t value, const std::string& comment = "");
  void key(const std::string& name, double value, const std::string& comment = "");
  void key(const std::string& name, bool value, const std::string& comment = "");
  void key(const std::string& name, const std::string& value, const std::string& comment = "");
  void key(const std::string& name, const char* value, const std::string& comment = "");
  // A value that is TOML already.
  void raw_key(const std::string& name, const std::string& toml, const std::string& comment = "");
  void comment(const std::string& text);

  static std::string quoted(const std::string& text);
  static std::string list(const std::vector<std::string>& items);
  static std::string list(const std::vector<int64_t>& items);

  std::string text() const;

 private:
  struct Line {
    std::string code, comment;
  };
  std::vector<Line> lines_;
};

}  // namespace tenon
