// One answer as it comes: tokens in; text, reasoning, calls and log probabilities out. One thread at a time.
#pragma once
#include <apps/server/api/token_notes.hpp>

#include <tenon/engine/request.hpp>
#include <tenon/text/answer_parser.hpp>
#include <tenon/text/stop_matcher.hpp>
#include <tenon/text/stream_decoder.hpp>

namespace tenon::api {

struct ChoiceOptions {
  std::vector<std::string> stops;
  std::vector<int32_t> ends;  // ids that end it, which have no text
  // Takes reasoning and calls out; nothing: all is content.
  std::optional<AnswerParserOptions> parser;
  bool has_one_call = false;  // whether it ends after its first call
  bool has_logprobs = false;
};

// What has come since the last time.
struct ChoiceNews {
  std::vector<AnswerDelta> deltas;  // neighbours of one kind joined
  std::vector<TokenNote> notes;     // of the tokens that have text, if log probabilities are wanted
  std::vector<int32_t> ids;         // of all tokens

  bool is_empty() const { return deltas.empty() && notes.empty() && ids.empty(); }
};

class Choice {
 public:
  Choice(const Tokenizer& tokenizer, const AnswerMarkers& markers, ChoiceOptions options);

  // Takes an event that is no failure. Returns false when no more are wanted: it has ended.
  bool take(const TokenEvent& event);

  ChoiceNews take_news() { return std::exchange(news_, {}); }

  // "stop", "length", "tool_calls"; "" while it goes on.
  const std::string& finish_reason() const { return finish_reason_; }
  // What stopped it: a stop string or token; null if nothing did.
  const Json& stop_reason() const { return stop_reason_; }
  uint32_t tokens() const { return tokens_; }
  uint32_t reasoning_tokens() const { return parser_ ? parser_->reasoning_tokens() : 0; }
  const RequestStats& stats() const { return stats_; }

 private:
  void take_token(const TokenEvent& event);
  void take_text(int32_t id, const std::string& text);
  void take_deltas(std::vector<AnswerDelta> deltas);
  void take_delta(AnswerDelta delta);
  void add_text(AnswerDelta::Kind kind, std::string text);
  void finish(FinishReason reason);
  bool has_match() const { return content_stops_.match() || reasoning_stops_.match(); }

  const Tokenizer* tokenizer_;
  ChoiceOptions options_;
  StreamDecoder decoder_;
  std::unique_ptr<AnswerParser> parser_;  // NULL if all is content
  StopMatcher reasoning_stops_, content_stops_;
  bool is_reasoning_ = false;  // whether reasoning_stops_ may hold text back
  ChoiceNews news_;
  std::string finish_reason_;
  Json stop_reason_;
  uint32_t tokens_ = 0, calls_ = 0;
  RequestStats stats_;
};

}  // namespace tenon::api
