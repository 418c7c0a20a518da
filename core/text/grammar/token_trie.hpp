// The tokens of a vocabulary as a tree over their bytes, so that what begins alike is looked at once.
// Immutable; any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace tenon {

class Tokenizer;

namespace grammar {

class TokenTrie {
 public:
  // Nodes stand in the order of a walk that goes down first: the subtree of node n is [n, end).
  struct Node {
    uint32_t end;
    uint32_t first_token;  // of the tokens that end here, in tokens(); up to the next node's
    uint16_t depth;        // bytes from the root
    uint8_t byte;          // the last of them
  };
  static constexpr size_t kTokenBytesMax = 1024;

  // The bytes of each id; ids without bytes, and those with more than kTokenBytesMax, are in no tree.
  explicit TokenTrie(std::span<const std::string_view> bytes_of_ids);
  // All tokens but the control tokens.
  static std::shared_ptr<const TokenTrie> of(const Tokenizer& tokenizer);

  // The root first, and a node behind the last that only ends it.
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const uint32_t> tokens_of(uint32_t node) const {
    return std::span(tokens_).subspan(nodes_[node].first_token,
                                      nodes_[node + 1].first_token - nodes_[node].first_token);
  }
  // Empty for an id that is in no tree.
  std::string_view bytes_of(int32_t id) const;
  // Bytes of the longest token.
  uint32_t depth() const { return depth_; }
  // Words of a mask over all ids.
  size_t mask_words() const { return (starts_.size() + 62) / 64; }

 private:
  std::vector<Node> nodes_;
  std::vector<uint32_t> tokens_;  // ids, by their bytes
  std::vector<char> bytes_;       // of all tokens, by id
  std::vector<size_t> starts_;    // of each id's, and the end of the last
  uint32_t depth_ = 0;
};

}  // namespace grammar
}  // namespace tenon
