// A model's answer taken apart while it comes: tokens in, reasoning, content and tool calls out. The deltas add
// up to the same answer however the text is cut into pieces; a whole answer is parsed by the same code, pushed
// at once. Linear time; memory is bounded by one call; nothing recurses, nothing is evaluated.
//
//     AnswerParser parser(markers, {.start = part_after(prompt, tokenizer, markers), ...});
//     for each token: for (const AnswerDelta& delta : parser.push(token, decoder.push(token))) ...
//     at the end:     for (const AnswerDelta& delta : parser.finish(decoder.flush())) ...
//
// Reasoning   stands at the beginning, before </think>. A <think> that the model writes first opens it too;
// later
//             ones are text. Newlines at its ends, and those after </think>, are left out.
// Tool calls  are looked for in content only: in reasoning they are reasoning. What turns out not to be a call
// is
//             content, whole and in its place, byte for byte. Newlines that templates write around a call
//             belong to it.
// Stop strings are looked for in what comes out, by a StopMatcher for each kind of text.
//
// One thread at a time.
#pragma once
#include <tenon/text/answer_delta.hpp>
#include <tenon/text/answer_markers.hpp>
#include <tenon/text/tag_matcher.hpp>
#include <tenon/text/tool_calls.hpp>

namespace tenon {

// When a call comes out.
enum class CallDelivery : uint8_t {
  kStreamed,  // as soon as its name and the beginning of its arguments are there. If it turns out not to be
              // one, kCallVoid takes it back
  kWhole,     // when it has ended; kCallVoid never comes
};

struct AnswerParserOptions {
  AnswerPart start = AnswerPart::kContent;
  ToolFormat format = ToolFormat::kNone;
  ToolSchemas schemas{};  // types the values of ToolFormat::kXml
  // Whether <tool_call> begins a call also where it is written out of other tokens than its own.
  bool has_spelled_calls = false;
  CallDelivery delivery = CallDelivery::kStreamed;
  size_t call_bytes_max = size_t{4} << 20;  // a longer call is none
};

class AnswerParser : private CallSink {
 public:
  AnswerParser(const AnswerMarkers& markers, AnswerParserOptions options);
  // Its readers refer into it.
  AnswerParser(const AnswerParser&) = delete;
  AnswerParser& operator=(const AnswerParser&) = delete;

  // Takes a token and the text that it completed; an id below 0 is no token's. A token that is a marker counts
  // as one whether or not its text is given.
  std::vector<AnswerDelta> push(int32_t id, std::string_view text);

  // Takes the last text, and gives what was held back. Nothing may be pushed after it.
  std::vector<AnswerDelta> finish(std::string_view rest = {});

  // What the next text is part of; a call counts as content.
  AnswerPart part() const {
    return place_ == Place::kReasoning ? AnswerPart::kReasoning : AnswerPart::kContent;
  }
  // How many tokens were pushed in reasoning, its markers included.
  uint32_t reasoning_tokens() const { return reasoning_tokens_; }

 private:
  enum class Place : uint8_t { kReasoning, kContent, kCall };

  void begin_call(std::string name) override;
  void add_arguments(std::string_view text) override;

  void take(char byte);
  void take(Marker marker);
  void take_plain(std::string_view text);
  void take_tag(size_t number);
  void leave_reasoning();
  void release_newlines();

  uint32_t newlines_of_call() const;
  void open_call(std::string_view tag);
  bool push_call(char byte);
  void take_in_call(Marker marker);
  void close_call();
  void abandon_call();

  void emit(AnswerDelta::Kind kind, std::string_view text);

  AnswerMarkers markers_;
  AnswerParserOptions options_;
  std::vector<Marker> tag_markers_;  // of the matcher's tags; that of a function comes after them
  TagMatcher tags_;
  Place place_;
  bool is_start_ = true;       // nothing but newlines has come
  bool drops_newlines_;        // until something else comes
  bool follows_call_ = false;  // nothing but newlines has come since a call
  uint32_t newlines_ = 0;      // held back, for what comes next decides about them
  uint32_t reasoning_tokens_ = 0;
  std::vector<AnswerDelta> out_;

  std::unique_ptr<ToolCallReader> reader_;
  std::string raw_;                // all that belongs to the call, as it came
  std::vector<AnswerDelta> call_;  // its deltas, where it is delivered whole
  uint32_t calls_ = 0;
  bool is_begun_ = false;  // begin_call() was called
};

}  // namespace tenon
