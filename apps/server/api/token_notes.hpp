// Tokens with their log probabilities, as answers of both kinds write them.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/engine/request.hpp>
#include <tenon/text/tokenizer.hpp>

#include <vector>

namespace tenon::api {

struct TokenNote {
  int32_t token;
  double logprob;
  std::vector<TokenLogprob> top;
  size_t text_offset = 0;  // characters of the answer before it
};

// The form of chats: [{"token", "logprob", "bytes", "top_logprobs": [...]}, ...]
Json chat_logprobs(const std::vector<TokenNote>& notes, const Tokenizer& tokenizer);

// The form of completions: {"tokens", "token_logprobs", "top_logprobs", "text_offset"}. A token that is not
// whole characters is written "bytes:\xe4\xbd".
Json completion_logprobs(const std::vector<TokenNote>& notes, const Tokenizer& tokenizer);

// Characters of UTF-8 text; bytes inside one do not count.
size_t count_characters(std::string_view text);

}  // namespace tenon::api
