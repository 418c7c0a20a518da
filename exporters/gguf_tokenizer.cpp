#include <exporters/gguf_tokenizer.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>
#include <tenon/text/gguf_text.hpp>
#include <tenon/text/tokenizer_settings.hpp>

namespace tenon {
namespace {

// Tokens by id, with their types.
struct Tokens {
  std::vector<std::string> texts;
  std::vector<int32_t> types;

  Status put(int64_t id, const std::string& text, int32_t type, const std::string& who) {
    if (id < 0 || id >= static_cast<int64_t>(texts.size()))
      return invalid(who + ": token " + printable(text) + " has the id " + std::to_string(id) +
                     ", expected one below the model's vocabulary, " + std::to_string(texts.size()));
    texts[id] = text, types[id] = type;
    return ok();
  }
  std::optional<uint32_t> find(const std::string& text) const {
    for (size_t id = 0; id < texts.size(); ++id)
      if (texts[id] == text) return static_cast<uint32_t>(id);
    return std::nullopt;
  }
};

Result<Tokens> collect_tokens(const TokenizerFile& file, const std::vector<AddedToken>& added, int64_t count,
                              const std::string& who) {
  Tokens tokens;
  for (int64_t id = 0; id < count; ++id) tokens.texts.push_back("[PAD" + std::to_string(id) + "]");
  tokens.types.assign(static_cast<size_t>(count), kGgufUnusedToken);
  for (const auto& [text, id] : file.vocabulary) TENON_TRY(tokens.put(id, text, kGgufNormalToken, who));
  for (const AddedToken& token : added)
    TENON_TRY(tokens.put(token.id, token.content, token.special ? kGgufControlToken : kGgufUserToken, who));
  return tokens;
}

}  // namespace

Status add_gguf_tokenizer(const Qwen3NextFacts& facts, GgufPairs& pairs) {
  const std::string& who = facts.text.tokenizer;
  if (who.empty()) {
    pairs.add("tokenizer.ggml.model", "none");
    return ok();
  }
  TENON_TRY(std::string json, read_file(who, kTokenizerBytesMax));
  TENON_TRY(TokenizerFile file, parse_tokenizer_file(json, who));
  TENON_TRY(TokenizerSettings settings, check_tokenizer_settings(file.settings, who));
  const char* pre = find_gguf_pre_tokenizer(settings);
  if (!pre) return invalid(who + ": cuts text in a way that GGUF has no name for, expected that of Qwen");
  TENON_TRY(Tokens tokens, collect_tokens(file, settings.added_tokens, facts.vocabulary, who));
  std::vector<std::string> merges;
  for (const auto& [left, right] : file.merges) merges.push_back(left + " " + right);
  pairs.add("tokenizer.ggml.model", "gpt2");
  pairs.add("tokenizer.ggml.pre", pre);
  pairs.add("tokenizer.ggml.tokens", tokens.texts);
  pairs.add("tokenizer.ggml.token_type", tokens.types);
  pairs.add("tokenizer.ggml.merges", merges);
  pairs.add("tokenizer.ggml.add_bos_token", false);
  for (const auto& [name, text] : facts.text.special_tokens)
    if (auto id = tokens.find(text)) pairs.add("tokenizer.ggml." + name + "_id", *id);
  if (facts.text.chat_template.empty()) return ok();
  TENON_TRY(TemplateFiles files, read_template_files(facts.text.chat_template));
  pairs.add("tokenizer.chat_template", files.source);
  return ok();
}

}  // namespace tenon
