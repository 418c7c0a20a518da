#include "answer_reader.hpp"

namespace tenon::cli {

AnswerReader::AnswerReader(const Tokenizer& tokenizer, std::optional<AnswerPart> start,
                           const std::vector<std::string>& stops, AnswerView& view)
    : decoder_(tokenizer, SpecialTokens::kSkip),
      thought_{StopMatcher(stops), {}},
      content_{StopMatcher(stops), {}},
      view_(view) {
  if (start) parser_.emplace(AnswerMarkers(tokenizer), AnswerParserOptions{.start = *start});
}

bool AnswerReader::take(int32_t token) {
  std::string text = decoder_.push(token);
  if (parser_)
    take(parser_->push(token, text));
  else
    show(content_, content_.stops.push(text));
  return !has_matched() && !has_failed_;
}

void AnswerReader::take(const std::vector<AnswerDelta>& deltas) {
  for (const AnswerDelta& delta : deltas) {
    if (has_matched()) return;
    bool is_thought = delta.kind == AnswerDelta::Kind::kReasoning;
    if (!is_thought) show(thought_, thought_.stops.flush());
    Part& part = is_thought ? thought_ : content_;
    show(part, part.stops.push(delta.text));
  }
}

void AnswerReader::finish() {
  if (!has_matched()) {
    std::string rest = decoder_.flush();
    if (parser_)
      take(parser_->finish(rest));
    else
      show(content_, content_.stops.push(rest));
  }
  if (has_matched()) return;
  show(thought_, thought_.stops.flush());
  show(content_, content_.stops.flush());
}

void AnswerReader::show(Part& part, const std::string& text) {
  if (text.empty()) return;
  part.text += text;
  bool is_shown = &part == &thought_ ? view_.show_thought(text) : view_.show_content(text);
  has_failed_ = has_failed_ || !is_shown;
}

}  // namespace tenon::cli
