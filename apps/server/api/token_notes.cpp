#include <apps/server/api/token_notes.hpp>

#include <tenon/base/text.hpp>
#include <tenon/text/utf8.hpp>

#include <algorithm>

namespace tenon::api {
namespace {

// JSON has no infinities; this is what clients know for "hardly ever".
constexpr double kHardlyEver = -9999;

double number_of(double logprob) { return std::max(logprob, kHardlyEver); }

Json bytes_of(std::string_view token) {
  Json bytes = Json::array();
  for (char byte : token) bytes.push_back(static_cast<unsigned char>(byte));
  return bytes;
}

Json chat_entry(int32_t id, double logprob, const Tokenizer& tokenizer) {
  std::string_view token = tokenizer.bytes_of(id);
  return {{"token", replace_invalid_utf8(token)}, {"logprob", number_of(logprob)}, {"bytes", bytes_of(token)}};
}

std::string shown_token(int32_t id, const Tokenizer& tokenizer) {
  std::string_view token = tokenizer.bytes_of(id);
  if (is_valid_utf8(token)) return std::string(token);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string shown = "bytes:";
  for (char each : token) {
    auto byte = static_cast<unsigned char>(each);
    shown += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return shown;
}

}  // namespace

Json chat_logprobs(const std::vector<TokenNote>& notes, const Tokenizer& tokenizer) {
  Json content = Json::array();
  for (const TokenNote& note : notes) {
    Json entry = chat_entry(note.token, note.logprob, tokenizer), top = Json::array();
    for (const TokenLogprob& other : note.top) top.push_back(chat_entry(other.token, other.logprob, tokenizer));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return content;
}

Json completion_logprobs(const std::vector<TokenNote>& notes, const Tokenizer& tokenizer) {
  Json tokens = Json::array(), logprobs = Json::array(), tops = Json::array(), offsets = Json::array();
  for (const TokenNote& note : notes) {
    tokens.push_back(shown_token(note.token, tokenizer));
    logprobs.push_back(number_of(note.logprob));
    Json top = Json::object();
    for (const TokenLogprob& other : note.top)
      top[shown_token(other.token, tokenizer)] = number_of(other.logprob);
    tops.push_back(std::move(top));
    offsets.push_back(note.text_offset);
  }
  return {{"tokens", tokens}, {"token_logprobs", logprobs}, {"top_logprobs", tops}, {"text_offset", offsets}};
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace tenon::api
