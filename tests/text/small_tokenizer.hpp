// A tokenizer.json made inside a test: a token for each byte (the ids 0 to 255, by byte value), one for each
// merge, and added tokens, with ids in the order of the calls.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/byte_level.hpp>
#include <tenon/text/tokenizer.hpp>

#include <gtest/gtest.h>

namespace tenon {

struct SmallTokenizer {
  SmallTokenizer() {
    for (int byte = 0; byte < 256; ++byte) give_id(letters_of(std::string(1, static_cast<char>(byte))));
  }

  // Both tokens must be there already; written in the file's alphabet.
  SmallTokenizer& merge(const std::string& left, const std::string& right) {
    give_id(left + right);
    document["model"]["merges"].push_back({left, right});
    return *this;
  }
  // flags: any of special, normalized, single_word, lstrip, rstrip.
  SmallTokenizer& add(const std::string& content, std::vector<std::string> flags = {}) {
    Json token = {{"id", next_id++}, {"content", content}};
    for (const std::string& flag : flags) token[flag] = true;
    document["added_tokens"].push_back(token);
    return *this;
  }

  Result<Tokenizer> parse() const { return Tokenizer::parse(document.dump(), "small.json"); }
  Tokenizer make() const {
    auto parsed = parse();
    EXPECT_TRUE(parsed.ok()) << parsed.error().text;
    return std::move(parsed).value();
  }
  // Why the file is refused; empty if it is not.
  std::string refusal() const {
    auto parsed = parse();
    return parsed.ok() ? "" : parsed.error().text;
  }

  Json document = Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": null,
    "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
              "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
              "vocab": {}, "merges": []}})");
  int32_t next_id = 0;

 private:
  void give_id(const std::string& token) { document["model"]["vocab"][token] = next_id++; }
};

inline std::vector<int32_t> ids_of(const Tokenizer& tokenizer, std::string_view text,
                                   AddedTokens added = AddedTokens::kRecognised) {
  auto ids = tokenizer.encode(text, added);
  EXPECT_TRUE(ids.ok()) << ids.error().text;
  return ids.ok() ? ids.value() : std::vector<int32_t>();
}

}  // namespace tenon
