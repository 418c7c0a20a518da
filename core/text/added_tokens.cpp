#include <tenon/text/added_tokens.hpp>
#include <tenon/text/utf8.hpp>

namespace tenon {
namespace {

bool touches_word(std::string_view before, std::string_view after) {
  return ends_with_word(before) || starts_with_word(after);
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  for (uint32_t index = 0; index < tokens_.size(); ++index) {
    uint32_t node = 0;
    for (char byte : tokens_[index].content) {
      auto [child, is_new] = nodes_[node].next.try_emplace(byte, static_cast<uint32_t>(nodes_.size()));
      node = child->second;
      if (is_new) nodes_.emplace_back();
    }
    nodes_[node].token = index;
  }
}

const AddedToken* AddedTokenFinder::longest_at(std::string_view text) const {
  const AddedToken* longest = nullptr;
  const Node* node = &nodes_[0];
  for (char byte : text) {
    auto child = node->next.find(byte);
    if (child == node->next.end()) break;
    node = &nodes_[child->second];
    if (node->token != kNoToken) longest = &tokens_[node->token];
  }
  return longest;
}

std::vector<AddedTokenFinder::Part> AddedTokenFinder::split(std::string_view text) const {
  std::vector<Part> parts;
  size_t done = 0;  // bytes that parts cover
  for (size_t at = 0; at < text.size();) {
    const AddedToken* token = longest_at(text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at += token->content.size();
    if (token->single_word && touches_word(text.substr(0, begin), text.substr(end))) continue;
    // White space that the token before has taken is not taken twice.
    if (token->lstrip)
      begin = begin > done ? begin - trailing_space_bytes(text.substr(done, begin - done)) : done;
    if (token->rstrip) end += leading_space_bytes(text.substr(end));
    if (begin > done) parts.push_back({text.substr(done, begin - done), std::nullopt});
    if (end > begin) parts.push_back({text.substr(begin, end - begin), token->id});
    done = end;
  }
  if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
  return parts;
}

}  // namespace tenon
