#include <tenon/base/text.hpp>
#include <tenon/text/byte_level.hpp>
#include <tenon/text/vocabulary.hpp>

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace tenon {

Status Vocabulary::add(std::string text, int64_t id) {
  if (id < 0 || id > INT32_MAX)
    return invalid(fmt::format("id of \"{}\" is {}, expected 0 to {}", printable(text), id, INT32_MAX));
  std::string bytes = find_bytes(text).value_or(text);
  const Token& token = tokens_.emplace_back(Token{std::move(text), std::move(bytes), static_cast<int32_t>(id)});
  auto [held, is_new] = by_text_.emplace(token.text, &token);
  if (is_new) return ok();
  return invalid(
      fmt::format("\"{}\" has the ids {} and {}, expected one", printable(token.text), held->second->id, id));
}

Status Vocabulary::index_ids() {
  by_id_.clear();
  for (const Token& token : tokens_) by_id_.push_back(&token);
  auto by_id = [](const Token* a, const Token* b) { return a->id < b->id; };
  std::stable_sort(by_id_.begin(), by_id_.end(), by_id);
  auto twice =
      std::adjacent_find(by_id_.begin(), by_id_.end(), [](auto* a, auto* b) { return a->id == b->id; });
  if (twice == by_id_.end()) return ok();
  return invalid(fmt::format("id {} belongs to \"{}\" and \"{}\", expected one token", (*twice)->id,
                             printable((*twice)->text), printable(twice[1]->text)));
}

const Token* Vocabulary::find(int32_t id) const {
  // Ids without gaps, which is nearly always, are their own index.
  if (id >= 0 && static_cast<size_t>(id) < by_id_.size() && by_id_[static_cast<size_t>(id)]->id == id)
    return by_id_[static_cast<size_t>(id)];
  auto at = std::lower_bound(by_id_.begin(), by_id_.end(), id,
                             [](auto* token, int32_t wanted) { return token->id < wanted; });
  return at != by_id_.end() && (*at)->id == id ? *at : nullptr;
}

std::optional<int32_t> Vocabulary::find_id(std::string_view text) const {
  auto held = by_text_.find(text);
  if (held == by_text_.end()) return std::nullopt;
  return held->second->id;
}

}  // namespace tenon
