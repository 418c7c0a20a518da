#include <tenon/base/text.hpp>
#include <tenon/text/byte_level.hpp>
#include <tenon/text/tokenizer_model.hpp>

#include <spdlog/fmt/fmt.h>

#include <unordered_set>

namespace tenon {
namespace {

using Added = std::unordered_set<std::string_view>;
using TextPair = std::pair<std::string, std::string>;

Result<Vocabulary> read_vocabulary(std::vector<std::pair<std::string, int64_t>> entries) {
  Vocabulary vocabulary;
  vocabulary.reserve(entries.size());
  for (auto& [text, id] : entries) {
    Status added = vocabulary.add(std::move(text), id);
    if (!added.ok()) return prefixed("model.vocab", added.error());
  }
  return vocabulary;
}

Result<std::array<int32_t, 256>> read_byte_ids(const Vocabulary& vocabulary, const Added& added) {
  std::array<int32_t, 256> ids{};
  for (size_t byte = 0; byte < ids.size(); ++byte) {
    std::string letter = letters_of(std::string(1, static_cast<char>(byte)));
    auto id = vocabulary.find_id(letter);
    if (!id || added.contains(letter))
      return invalid(fmt::format("model.vocab: \"{}\" is {}, expected a token for each byte", letter,
                                 id ? "an added token" : "missing"));
    ids[byte] = *id;
  }
  return ids;
}

Result<int32_t> get_token(const Vocabulary& vocabulary, const std::string& text) {
  if (auto id = vocabulary.find_id(text)) return *id;
  return invalid(fmt::format("\"{}\" is not in model.vocab, expected a token", printable(text)));
}

Result<Bpe::Merge> read_merge(const TextPair& texts, const Vocabulary& vocabulary, const Added& added) {
  std::string merged = texts.first + texts.second;
  // Otherwise plain text could become a control token.
  if (added.contains(merged))
    return invalid(fmt::format("makes the added token \"{}\", expected none that does", printable(merged)));
  Bpe::Merge merge{};
  TENON_TRY(merge.left, get_token(vocabulary, texts.first));
  TENON_TRY(merge.right, get_token(vocabulary, texts.second));
  TENON_TRY(merge.merged, get_token(vocabulary, merged));
  return merge;
}

Result<std::vector<Bpe::Merge>> read_merges(const std::vector<TextPair>& entries, const Vocabulary& vocabulary,
                                            const Added& added) {
  std::vector<Bpe::Merge> merges;
  merges.reserve(entries.size());
  for (const TextPair& texts : entries) {
    auto merge = read_merge(texts, vocabulary, added);
    if (!merge.ok()) return prefixed(fmt::format("model.merges: entry {}", merges.size()), merge.error());
    merges.push_back(merge.value());
  }
  return merges;
}

// An added token may stand in model.vocab as well, under the same id.
Status add_added_tokens(const std::vector<AddedToken>& added, Vocabulary& vocabulary) {
  for (const AddedToken& token : added) {
    if (vocabulary.find_id(token.content) == token.id) continue;
    Status status = vocabulary.add(token.content, token.id);
    if (!status.ok()) return prefixed("added_tokens", status.error());
  }
  return ok();
}

}  // namespace

Result<TokenizerModel> build_tokenizer_model(TokenizerFile file, const std::vector<AddedToken>& added) {
  Added contents;
  for (const AddedToken& token : added)
    if (!contents.insert(token.content).second)
      return invalid(
          fmt::format("added_tokens: \"{}\" stands there twice, expected once", printable(token.content)));
  TENON_TRY(Vocabulary vocabulary, read_vocabulary(std::move(file.vocabulary)));
  TENON_TRY(auto byte_ids, read_byte_ids(vocabulary, contents));
  TENON_TRY(auto merges, read_merges(file.merges, vocabulary, contents));
  TENON_TRY(add_added_tokens(added, vocabulary));
  TENON_TRY(vocabulary.index_ids());
  return TokenizerModel{std::move(vocabulary), Bpe(byte_ids, merges)};
}

}  // namespace tenon
