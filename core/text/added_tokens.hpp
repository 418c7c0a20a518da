// Tokens that stand beside the vocabulary, such as <|im_end|>: they are found in the text before anything else
// happens to it, and are never cut or merged.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tenon {

struct AddedToken {
  std::string content;
  int32_t id = 0;
  bool special = false;      // a control token: decoding may leave it out
  bool normalized = false;   // looked for in the normalised text rather than in the text as given
  bool single_word = false;  // only where no letter, mark, digit or connector touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and the white space after it
};

// Finds a set of added tokens in text: from the left, the longest at each place. Any thread.
class AddedTokenFinder {
 public:
  // A part of the text: the token found there, or text between tokens.
  struct Part {
    std::string_view text;
    std::optional<int32_t> id;
  };

  // REQUIRES: no content is empty.
  explicit AddedTokenFinder(std::vector<AddedToken> tokens);

  // The parts of text, in order. Parts without an id are not empty. REQUIRES: text is valid UTF-8.
  std::vector<Part> split(std::string_view text) const;

 private:
  static constexpr uint32_t kNoToken = UINT32_MAX;
  struct Node {
    std::unordered_map<char, uint32_t> next;
    uint32_t token = kNoToken;  // the one that ends here
  };

  const AddedToken* longest_at(std::string_view text) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;  // a tree over the contents' bytes; the root is first
};

}  // namespace tenon
