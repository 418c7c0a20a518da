// The tokens of one answer, turned into text: decoded, taken apart, cut at a stop string, shown.
#pragma once
#include "answer_view.hpp"

#include <tenon/text/answer_parser.hpp>
#include <tenon/text/stop_matcher.hpp>
#include <tenon/text/stream_decoder.hpp>

#include <optional>

namespace tenon::cli {

class AnswerReader {
 public:
  // start: what the answer begins with; nothing where it is plain text, in which no thought is looked for. Stop
  // strings are looked for in the thought and in the content. All must outlive the reader.
  AnswerReader(const Tokenizer& tokenizer, std::optional<AnswerPart> start,
               const std::vector<std::string>& stops, AnswerView& view);

  // Returns false when no more tokens are wanted.
  bool take(int32_t token);
  void finish();

  // The same text as was shown.
  const std::string& thought() const { return thought_.text; }
  const std::string& content() const { return content_.text; }
  uint32_t tokens_of_thought() const { return parser_ ? parser_->reasoning_tokens() : 0; }
  bool has_matched() const { return thought_.stops.match() || content_.stops.match(); }
  bool has_failed() const { return has_failed_; }

 private:
  struct Part {
    StopMatcher stops;
    std::string text;
  };

  void take(const std::vector<AnswerDelta>& deltas);
  void show(Part& part, const std::string& text);

  StreamDecoder decoder_;
  std::optional<AnswerParser> parser_;
  Part thought_, content_;
  AnswerView& view_;
  bool has_failed_ = false;
};

}  // namespace tenon::cli
