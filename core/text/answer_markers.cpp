#include <tenon/text/answer_markers.hpp>

namespace tenon {
namespace {

// By the text alone: whether a <think> is the last of the two tags.
AnswerPart part_after_text(std::string_view text) {
  size_t open = text.rfind(text_of(Marker::kThink));
  size_t close = text.rfind(text_of(Marker::kThinkEnd));
  bool is_open = open != std::string_view::npos && (close == std::string_view::npos || close < open);
  return is_open ? AnswerPart::kReasoning : AnswerPart::kContent;
}

}  // namespace

std::string_view text_of(Marker marker) {
  switch (marker) {
    case Marker::kThink: return "<think>";
    case Marker::kThinkEnd: return "</think>";
    case Marker::kCall: return "<tool_call>";
  }
  return {};
}

AnswerMarkers::AnswerMarkers(const Tokenizer& tokenizer) {
  for (Marker marker : kMarkers) ids_[static_cast<size_t>(marker)] = tokenizer.find_added_id(text_of(marker));
}

std::optional<Marker> AnswerMarkers::find(int32_t id) const {
  for (Marker marker : kMarkers)
    if (id_of(marker) == id) return marker;
  return std::nullopt;
}

AnswerPart part_after(std::span<const int32_t> prompt, const Tokenizer& tokenizer,
                      const AnswerMarkers& markers) {
  size_t begin = prompt.size();
  for (; begin > 0 && !tokenizer.is_special(prompt[begin - 1]); --begin) {
    auto marker = markers.find(prompt[begin - 1]);
    if (marker == Marker::kThink) return AnswerPart::kReasoning;
    if (marker == Marker::kThinkEnd) return AnswerPart::kContent;
  }
  if (markers.id_of(Marker::kThink)) return AnswerPart::kContent;
  return part_after_text(tokenizer.decode(prompt.subspan(begin)));
}

}  // namespace tenon
