// The tokens of a model: text and bytes by id, id by text. Any thread once it is built.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon {

struct Token {
  std::string text;   // as the file writes it: "Ġhi"
  std::string bytes;  // what it stands for: " hi"
  int32_t id;
};

class Vocabulary {
 public:
  // Fails if the id is out of range or the text is taken. Both hold until index_ids().
  Status add(std::string text, int64_t id);
  // Makes find(id) and size() work. Fails if two tokens share an id.
  Status index_ids();
  void reserve(size_t tokens) { by_text_.reserve(tokens); }

  // The token of an id; null if there is none.
  const Token* find(int32_t id) const;
  std::optional<int32_t> find_id(std::string_view text) const;
  // The largest id plus one: not the number of tokens, where ids have gaps.
  int64_t size() const { return by_id_.empty() ? 0 : int64_t{by_id_.back()->id} + 1; }

 private:
  std::deque<Token> tokens_;  // a deque, because the other two refer into it
  std::unordered_map<std::string_view, const Token*> by_text_;
  std::vector<const Token*> by_id_;
};

}  // namespace tenon
