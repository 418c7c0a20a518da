#include <tenon/text/gguf_text.hpp>

#include <tenon/base/text.hpp>

#include <spdlog/fmt/fmt.h>

namespace tenon {
namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";

constexpr int64_t kTypeMax = 6;  // of tokenizer.ggml.token_type

// What a name in tokenizer.ggml.pre means, in a tokenizer.json's words.
struct Cutting {
  const char *name, *pattern;
};
constexpr Cutting kCuttings[] = {
    {"qwen2", R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
              R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"},
};

Result<Json> read_settings(const GgufMetadata& metadata) {
  constexpr const char *kModel = "tokenizer.ggml.model", *kPre = "tokenizer.ggml.pre";
  TENON_TRY(std::string_view model, metadata.get_text(kModel));
  if (model != "gpt2") return metadata.refuse(kModel, "is \"" + printable(model) + "\"", "gpt2");
  TENON_TRY(std::string_view pre, metadata.get_text(kPre));
  std::vector<std::string> known;
  for (const Cutting& cutting : kCuttings) {
    if (pre == cutting.name) {
      Json split = {{"type", "Split"}, {"pattern", {{"Regex", cutting.pattern}}}, {"behavior", "Isolated"}};
      Json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
      return Json{{"normalizer", {{"type", "NFC"}}},
                  {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}},
                  {"decoder", {{"type", "ByteLevel"}}},
                  {"model", {{"type", "BPE"}}},
                  {"added_tokens", Json::array()}};
    }
    known.push_back(cutting.name);
  }
  return metadata.refuse(kPre, "is \"" + printable(pre) + "\"", "one of " + join_words(known));
}

Status read_tokens(const GgufMetadata& metadata, TokenizerFile& to) {
  constexpr const char* kTypes = "tokenizer.ggml.token_type";
  TENON_TRY(auto tokens, metadata.get_texts(kTokens));
  std::vector<int64_t> types(tokens.size(), kGgufNormalToken);
  if (metadata.has(kTypes)) {
    TENON_TRY(types, metadata.get_ints(kTypes, kGgufNormalToken, kTypeMax));
    if (types.size() != tokens.size())
      return metadata.refuse(kTypes, fmt::format("has {} entries", types.size()),
                             fmt::format("{}, as many as there are tokens", tokens.size()));
  }
  Json& added = to.settings["added_tokens"];
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (types[id] == kGgufUnusedToken) continue;
    if (types[id] == kGgufNormalToken || types[id] == kTypeMax)
      to.vocabulary.emplace_back(tokens[id], static_cast<int64_t>(id));
    else
      added.push_back({{"id", id}, {"content", tokens[id]}, {"special", types[id] != kGgufUserToken}});
  }
  return ok();
}

Status read_merges(const GgufMetadata& metadata, TokenizerFile& to) {
  constexpr const char* kMerges = "tokenizer.ggml.merges";
  TENON_TRY(auto merges, metadata.get_texts(kMerges));
  to.merges.reserve(merges.size());
  for (std::string_view merge : merges) {
    auto pair = split_merge(merge);
    if (!pair)
      return metadata.refuse(kMerges, fmt::format("holds entry {}, \"{}\"", to.merges.size(), printable(merge)),
                             "two tokens with one space between them");
    to.merges.push_back(std::move(*pair));
  }
  return ok();
}

}  // namespace

Result<TokenizerFile> read_gguf_tokenizer(const Gguf& file) {
  TokenizerFile to;
  TENON_TRY(to.settings, read_settings(file.metadata()));
  TENON_TRY(read_tokens(file.metadata(), to));
  TENON_TRY(read_merges(file.metadata(), to));
  return to;
}

const char* find_gguf_pre_tokenizer(const TokenizerSettings& settings) {
  if (settings.normalizer != Normalizer::kNfc || settings.whole_tokens != WholeTokens::kMerged) return nullptr;
  for (const Cutting& cutting : kCuttings)
    if (settings.pattern == cutting.pattern) return cutting.name;
  return nullptr;
}

Result<TemplateFiles> read_gguf_template(const Gguf& file) {
  constexpr const char* kTemplate = "tokenizer.chat_template";
  TemplateFiles files;
  files.who = file.path().string() + ": " + kTemplate;
  TENON_TRY(std::string_view source, file.metadata().get_text(kTemplate));
  if (source.size() > kTemplateBytesMax)
    return file.metadata().refuse(kTemplate, fmt::format("has {} bytes", source.size()),
                                  fmt::format("at most {}", kTemplateBytesMax));
  files.source = source;
  for (std::string name : {"bos", "eos"}) {
    TENON_TRY(std::string token, gguf_special_token(file, name));
    if (!token.empty()) files.special_tokens[name + "_token"] = token;
  }
  return files;
}

Result<std::string> gguf_special_token(const Gguf& file, const std::string& name) {
  const GgufMetadata& metadata = file.metadata();
  std::string key = "tokenizer.ggml." + name + "_token_id";
  if (!metadata.has(key)) return std::string();
  TENON_TRY(auto tokens, metadata.get_texts(kTokens));
  TENON_TRY(int64_t id, metadata.get_int(key, 0, static_cast<int64_t>(tokens.size()) - 1));
  return std::string(tokens[id]);
}

}  // namespace tenon
