// The marks in a model's answer: <think>, </think> and <tool_call>. Where the tokenizer has one of them as an
// added token it is known by its id, so that the same letters written out of other tokens are plain text;
// otherwise by its text. Values without a thread rule.
#pragma once
#include <tenon/text/tokenizer.hpp>

#include <array>

namespace tenon {

enum class Marker : uint8_t { kThink, kThinkEnd, kCall };
inline constexpr std::array kMarkers = {Marker::kThink, Marker::kThinkEnd, Marker::kCall};

std::string_view text_of(Marker marker);

class AnswerMarkers {
 public:
  // All of them known by their text.
  AnswerMarkers() = default;
  explicit AnswerMarkers(const Tokenizer& tokenizer);

  std::optional<int32_t> id_of(Marker marker) const { return ids_[static_cast<size_t>(marker)]; }
  // The marker of an id, if it is one's.
  std::optional<Marker> find(int32_t id) const;

 private:
  std::array<std::optional<int32_t>, kMarkers.size()> ids_;
};

enum class AnswerPart : uint8_t { kReasoning, kContent };

// What an answer to this prompt begins with, by the last <think> or </think> after the prompt's last control
// token: a template opens or closes the thought there. Reads no more of the prompt than that.
AnswerPart part_after(std::span<const int32_t> prompt, const Tokenizer& tokenizer,
                      const AnswerMarkers& markers);

}  // namespace tenon
