#include <tenon/text/grammar/token_trie.hpp>

#include <tenon/text/tokenizer.hpp>

#include <algorithm>

namespace tenon::grammar {

TokenTrie::TokenTrie(std::span<const std::string_view> bytes_of_ids) {
  starts_.push_back(0);
  for (uint32_t id = 0; id < bytes_of_ids.size(); ++id) {
    std::string_view bytes = bytes_of_ids[id];
    if (bytes.size() > kTokenBytesMax) bytes = {};
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    starts_.push_back(bytes_.size());
    depth_ = std::max(depth_, static_cast<uint32_t>(bytes.size()));
    if (!bytes.empty()) tokens_.push_back(id);
  }
  auto text_of = [&](uint32_t id) { return bytes_of(static_cast<int32_t>(id)); };
  std::sort(tokens_.begin(), tokens_.end(), [&](uint32_t a, uint32_t b) {
    int order = text_of(a).compare(text_of(b));
    return order != 0 ? order < 0 : a < b;
  });
  nodes_.push_back({0, 0, 0, 0});
  std::vector<uint32_t> open = {0};  // the way from the root to the last node
  auto close_to = [&](size_t depth) {
    for (; open.size() > depth + 1; open.pop_back())
      nodes_[open.back()].end = static_cast<uint32_t>(nodes_.size());
  };
  std::string_view last;
  for (uint32_t i = 0; i < tokens_.size(); ++i) {
    std::string_view bytes = text_of(tokens_[i]);
    size_t common = static_cast<size_t>(
        std::mismatch(last.begin(), last.end(), bytes.begin(), bytes.end()).first - last.begin());
    close_to(common);
    for (size_t depth = common; depth < bytes.size(); ++depth) {
      open.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back({0, i, static_cast<uint16_t>(depth + 1), static_cast<uint8_t>(bytes[depth])});
    }
    last = bytes;
  }
  close_to(0);
  nodes_[0].end = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({nodes_[0].end, static_cast<uint32_t>(tokens_.size()), 0, 0});
}

std::shared_ptr<const TokenTrie> TokenTrie::of(const Tokenizer& tokenizer) {
  std::vector<std::string_view> bytes(static_cast<size_t>(tokenizer.vocabulary_size()));
  for (size_t id = 0; id < bytes.size(); ++id)
    if (!tokenizer.is_special(static_cast<int32_t>(id)))
      bytes[id] = tokenizer.bytes_of(static_cast<int32_t>(id));
  return std::make_shared<TokenTrie>(bytes);
}

std::string_view TokenTrie::bytes_of(int32_t id) const {
  if (id < 0 || static_cast<size_t>(id) + 1 >= starts_.size()) return {};
  size_t at = static_cast<size_t>(id);
  return {bytes_.data() + starts_[at], starts_[at + 1] - starts_[at]};
}

}  // namespace tenon::grammar
