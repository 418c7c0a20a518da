// Marks that keep what users typed from becoming control tokens. Before a template puts a prompt together, a
// character that occurs nowhere else goes into every place of a user's text that is a control token's, or could
// be the beginning of one; the tokenizer finds no control token there, and leaves the mark out of what it
// encodes. All other text reaches template and tokenizer as it is. Thread: any.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/tokenizer.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

class InputMarks {
 public:
  explicit InputMarks(const Tokenizer& tokenizer) : control_texts_(tokenizer.control_texts()) {}

  // A character (one of Unicode's noncharacters) that does not occur in the text. Nothing if all of them do.
  static std::optional<std::string> find_unused(std::string_view text);

  // The text with marks in it.
  std::string protect(std::string_view text, std::string_view mark) const;
  // Every text of the value, keys included.
  Json protect_all(const Json& value, std::string_view mark) const;

 private:
  bool may_begin(std::string_view text) const;

  std::vector<std::string> control_texts_;
};

}  // namespace tenon
