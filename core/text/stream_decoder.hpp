// Token ids in, text out, never half a character. All pieces together are what Tokenizer::decode gives for all
// ids. One thread at a time; the tokenizer must outlive it.
#pragma once
#include <tenon/text/tokenizer.hpp>

namespace tenon {

class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, SpecialTokens special = SpecialTokens::kKeep)
      : tokenizer_(&tokenizer), special_(special) {}

  // The text that this token completes; often empty where a character takes several tokens.
  std::string push(int32_t id);

  // The rest: U+FFFD if the ids ended inside a character, otherwise nothing. The decoder is then as new.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  SpecialTokens special_;
  std::string pending_;  // the beginning of a character, at most 3 bytes between calls
};

}  // namespace tenon
