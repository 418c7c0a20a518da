// A tokenizer.json taken apart: its two large tables, and the rest as a small document. Nothing is judged here
// but shape and size. One pass without a tree, because a tree of the tables would take ten times the file.
#pragma once
#include <tenon/base/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

constexpr uint64_t kTokenizerBytesMax = uint64_t{256} << 20;

struct TokenizerFile {
  Json settings;                                            // everything but model.vocab and model.merges
  std::vector<std::pair<std::string, int64_t>> vocabulary;  // model.vocab: token and id, in the file's order
  std::vector<std::pair<std::string, std::string>> merges;  // model.merges: left and right, by rank
};

// Accepts both published forms of a merge: "a b" and ["a", "b"]. A model.vocab or model.merges of another kind
// (a list of scores, say) stays in the settings. `who` names the source in errors.
Result<TokenizerFile> parse_tokenizer_file(std::string_view text, const std::string& who);

// "a b" taken apart; nothing unless there is exactly one space.
std::optional<std::pair<std::string, std::string>> split_merge(std::string_view merge);

}  // namespace tenon
