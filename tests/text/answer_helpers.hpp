// Text as an answer in the making: cut into pieces, with or without ids for the marks in it.
#pragma once
#include <tenon/text/answer_parser.hpp>

#include <gtest/gtest.h>

#include "small_tokenizer.hpp"

namespace tenon {

// Marks known by the ids 256 (<think>), 257 (</think>) and 258 (<tool_call>).
inline const Tokenizer& marked_tokenizer() {
  static const Tokenizer tokenizer =
      SmallTokenizer().add("<think>").add("</think>").add("<tool_call>").add("<|end|>", {"special"}).make();
  return tokenizer;
}

inline std::string name_of(AnswerDelta::Kind kind) {
  constexpr const char* kNames[] = {"reasoning", "content", "begun", "arguments", "ended", "void"};
  return kNames[static_cast<size_t>(kind)];
}

inline std::ostream& operator<<(std::ostream& out, const AnswerDelta& delta) {
  return out << name_of(delta.kind) << ' ' << delta.call << " \"" << delta.text << '"';
}

inline std::ostream& operator<<(std::ostream& out, const ParsedAnswer& answer) {
  out << "reasoning \"" << answer.reasoning << "\" content \"" << answer.content << '"';
  for (const ToolCall& call : answer.calls) out << " call " << call.name << ' ' << call.arguments;
  return out;
}

// What comes out, with deltas joined that differ by the cut alone.
class Deltas {
 public:
  void add(const std::vector<AnswerDelta>& more) {
    for (const AnswerDelta& delta : more) {
      answer_.add(delta);
      bool is_text = delta.kind != AnswerDelta::Kind::kCallBegun &&
                     delta.kind != AnswerDelta::Kind::kCallEnded && delta.kind != AnswerDelta::Kind::kCallVoid;
      bool is_joined =
          is_text && !all_.empty() && all_.back().kind == delta.kind && all_.back().call == delta.call;
      if (is_joined)
        all_.back().text += delta.text;
      else
        all_.push_back(delta);
    }
  }
  const std::vector<AnswerDelta>& all() const { return all_; }
  const ParsedAnswer& answer() const { return answer_; }

 private:
  std::vector<AnswerDelta> all_;
  ParsedAnswer answer_;
};

// The text in pieces of `size` bytes, the first one shorter by `first`.
inline Deltas parse_pieces(const std::string& text, const AnswerParserOptions& options, size_t first,
                           size_t size) {
  AnswerParser parser(AnswerMarkers(), options);
  Deltas deltas;
  deltas.add(parser.push(-1, std::string_view(text).substr(0, first)));
  for (size_t at = first; at < text.size(); at += size)
    deltas.add(parser.push(-1, std::string_view(text).substr(at, size)));
  deltas.add(parser.finish());
  return deltas;
}

// The whole text at once.
inline Deltas parse_whole(const std::string& text, const AnswerParserOptions& options) {
  return parse_pieces(text, options, text.size(), 1);
}

// The text as the ids of its tokens, with an id for each mark.
inline Deltas parse_tokens(const std::string& text, const AnswerParserOptions& options) {
  const Tokenizer& tokenizer = marked_tokenizer();
  AnswerParser parser(AnswerMarkers(tokenizer), options);
  Deltas deltas;
  for (int32_t id : ids_of(tokenizer, text)) deltas.add(parser.push(id, tokenizer.bytes_of(id)));
  deltas.add(parser.finish());
  return deltas;
}

// The answer, after it was seen to be the same for every cut in two, byte by byte, by ids, and delivered whole.
inline ParsedAnswer parse_every_way(const std::string& text, AnswerParserOptions options) {
  Deltas whole = parse_whole(text, options);
  for (size_t first = 0; first <= text.size(); ++first)
    EXPECT_EQ(parse_pieces(text, options, first, text.size()).all(), whole.all())
        << "cut at " << first << ": " << text;
  for (size_t size : {1, 2, 3, 7}) EXPECT_EQ(parse_pieces(text, options, 0, size).all(), whole.all()) << text;
  EXPECT_EQ(parse_tokens(text, options).all(), whole.all()) << "by ids: " << text;
  options.delivery = CallDelivery::kWhole;
  Deltas late = parse_whole(text, options);
  EXPECT_EQ(late.answer(), whole.answer()) << "delivered whole: " << text;
  for (const AnswerDelta& delta : late.all()) EXPECT_NE(delta.kind, AnswerDelta::Kind::kCallVoid) << text;
  EXPECT_EQ(parse_pieces(text, options, 0, 1).all(), late.all()) << text;
  return whole.answer();
}

}  // namespace tenon
