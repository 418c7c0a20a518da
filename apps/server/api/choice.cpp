#include <apps/server/api/choice.hpp>

#include <algorithm>

namespace tenon::api {
namespace {

using Kind = AnswerDelta::Kind;

bool is_text(Kind kind) { return kind == Kind::kContent || kind == Kind::kReasoning; }

bool joins(const AnswerDelta& last, const AnswerDelta& next) {
  return last.kind == next.kind && last.call == next.call &&
         (is_text(next.kind) || next.kind == Kind::kCallArguments);
}

}  // namespace

Choice::Choice(const Tokenizer& tokenizer, const AnswerMarkers& markers, ChoiceOptions options)
    : tokenizer_(&tokenizer),
      options_(std::move(options)),
      decoder_(tokenizer, SpecialTokens::kSkip),
      reasoning_stops_(options_.stops),
      content_stops_(options_.stops) {
  if (options_.parser) parser_ = std::make_unique<AnswerParser>(markers, *options_.parser);
}

bool Choice::take(const TokenEvent& event) {
  stats_ = event.stats;
  if (event.token >= 0) take_token(event);
  if (finish_reason_.empty() && event.is_last) finish(event.reason);
  return finish_reason_.empty();
}

void Choice::take_token(const TokenEvent& event) {
  ++tokens_;
  news_.ids.push_back(event.token);
  bool is_end = std::find(options_.ends.begin(), options_.ends.end(), event.token) != options_.ends.end();
  if (is_end) {
    if (event.is_last && event.reason == FinishReason::kEos) stop_reason_ = event.token;
    return;
  }
  take_text(event.token, decoder_.push(event.token));
  if (has_match()) return finish(FinishReason::kEos);
  if (options_.has_logprobs && !tokenizer_->is_special(event.token))
    news_.notes.push_back({event.token, event.logprob, event.top});
  if (options_.has_one_call && calls_ > 0) finish(FinishReason::kEos);
}

void Choice::take_text(int32_t id, const std::string& text) {
  if (parser_) return take_deltas(parser_->push(id, text));
  add_text(Kind::kContent, text);
}

void Choice::take_deltas(std::vector<AnswerDelta> deltas) {
  for (AnswerDelta& delta : deltas) {
    if (has_match() || (options_.has_one_call && calls_ > 0)) return;
    take_delta(std::move(delta));
  }
}

// What stop strings hold back of one part of the answer comes out before the next part begins.
void Choice::take_delta(AnswerDelta delta) {
  bool is_content = delta.kind == Kind::kContent || delta.kind == Kind::kCallVoid;
  if (is_content) return add_text(Kind::kContent, std::move(delta.text));
  if (delta.kind == Kind::kReasoning) return add_text(delta.kind, std::move(delta.text));
  std::string held = content_stops_.flush();
  if (!held.empty()) news_.deltas.push_back({Kind::kContent, 0, std::move(held)});
  calls_ += delta.kind == Kind::kCallEnded;
  if (!news_.deltas.empty() && joins(news_.deltas.back(), delta)) {
    news_.deltas.back().text += delta.text;
  } else {
    news_.deltas.push_back(std::move(delta));
  }
}

void Choice::add_text(Kind kind, std::string text) {
  bool is_reasoning = kind == Kind::kReasoning;
  std::string released;
  if (is_reasoning_ && !is_reasoning) {
    std::string rest = reasoning_stops_.flush();
    if (!rest.empty()) news_.deltas.push_back({Kind::kReasoning, 0, std::move(rest)});
  }
  is_reasoning_ = is_reasoning;
  StopMatcher& stops = is_reasoning ? reasoning_stops_ : content_stops_;
  AnswerDelta delta{kind, 0, stops.push(text)};
  if (stops.match()) stop_reason_ = *stops.match();
  if (delta.text.empty()) return;
  if (!news_.deltas.empty() && joins(news_.deltas.back(), delta)) {
    news_.deltas.back().text += delta.text;
  } else {
    news_.deltas.push_back(std::move(delta));
  }
}

void Choice::finish(FinishReason reason) {
  if (!has_match()) {
    std::string rest = decoder_.flush();
    if (parser_) {
      take_deltas(parser_->finish(rest));
    } else {
      add_text(Kind::kContent, rest);
    }
  }
  for (auto [kind, stops] :
       {std::pair(Kind::kReasoning, &reasoning_stops_), {Kind::kContent, &content_stops_}}) {
    if (has_match()) break;
    std::string rest = stops->flush();
    if (!rest.empty()) news_.deltas.push_back({kind, 0, std::move(rest)});
  }
  finish_reason_ = reason == FinishReason::kLength && !has_match() ? "length"
                   : calls_ > 0                                    ? "tool_calls"
                                                                   : "stop";
}

}  // namespace tenon::api
