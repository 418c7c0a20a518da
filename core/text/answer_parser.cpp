#include <tenon/text/answer_parser.hpp>

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

// Some models begin a call with it and leave out <tool_call>.
constexpr std::string_view kFunctionTag = "<function=";

std::vector<Marker> markers_by_text(const AnswerMarkers& markers, const AnswerParserOptions& options) {
  std::vector<Marker> found;
  for (Marker marker : kMarkers) {
    bool is_call = marker == Marker::kCall;
    bool is_wanted = !is_call || options.format != ToolFormat::kNone;
    bool is_spelled = !markers.id_of(marker) || (is_call && options.has_spelled_calls);
    if (is_wanted && is_spelled) found.push_back(marker);
  }
  return found;
}

std::vector<std::string> tags_of(const std::vector<Marker>& markers, ToolFormat format) {
  std::vector<std::string> tags;
  for (Marker marker : markers) tags.emplace_back(text_of(marker));
  if (format == ToolFormat::kXml) tags.emplace_back(kFunctionTag);
  return tags;
}

}  // namespace

AnswerParser::AnswerParser(const AnswerMarkers& markers, AnswerParserOptions options)
    : markers_(markers),
      options_(std::move(options)),
      tag_markers_(markers_by_text(markers_, options_)),
      tags_(tags_of(tag_markers_, options_.format)),
      place_(options_.start == AnswerPart::kReasoning ? Place::kReasoning : Place::kContent),
      drops_newlines_(place_ == Place::kReasoning) {}

std::vector<AnswerDelta> AnswerParser::push(int32_t id, std::string_view text) {
  if (place_ == Place::kReasoning && id >= 0) ++reasoning_tokens_;
  auto marker = markers_.find(id);
  if (marker && text.ends_with(text_of(*marker))) text.remove_suffix(text_of(*marker).size());
  for (char byte : text) take(byte);
  if (marker) {
    take_plain(tags_.flush());
    if (place_ == Place::kCall)
      take_in_call(*marker);
    else
      take(*marker);
  }
  return std::exchange(out_, {});
}

std::vector<AnswerDelta> AnswerParser::finish(std::string_view rest) {
  for (char byte : rest) take(byte);
  if (place_ == Place::kCall && reader_->may_end()) close_call();
  if (place_ == Place::kCall) abandon_call();
  take_plain(tags_.flush());
  if (place_ == Place::kContent && !follows_call_) release_newlines();
  return std::exchange(out_, {});
}

void AnswerParser::take(char byte) {
  if (place_ == Place::kCall) {
    if (push_call(byte)) return;
    abandon_call();
  }
  take_plain(tags_.push(byte));
  if (auto tag = tags_.found()) take_tag(*tag);
}

void AnswerParser::take_tag(size_t number) {
  if (number < tag_markers_.size()) return take(tag_markers_[number]);
  if (place_ == Place::kReasoning) return take_plain(kFunctionTag);
  open_call(kFunctionTag);
  for (char byte : kFunctionTag) reader_->push(byte, *this);
}

void AnswerParser::take(Marker marker) {
  bool is_reasoning = place_ == Place::kReasoning;
  if (marker == Marker::kThinkEnd && is_reasoning) return leave_reasoning();
  if (marker == Marker::kCall && !is_reasoning && options_.format != ToolFormat::kNone)
    return open_call(text_of(marker));
  if (marker != Marker::kThink || !is_start_) return take_plain(text_of(marker));
  place_ = Place::kReasoning;
  newlines_ = 0;
  drops_newlines_ = true;
  if (!is_reasoning) ++reasoning_tokens_;
}

void AnswerParser::leave_reasoning() {
  place_ = Place::kContent;
  is_start_ = false;
  newlines_ = 0;
  drops_newlines_ = true;
}

// Text of reasoning or content.
void AnswerParser::take_plain(std::string_view text) {
  auto kind = place_ == Place::kReasoning ? AnswerDelta::Kind::kReasoning : AnswerDelta::Kind::kContent;
  for (char byte : text) {
    if (byte == '\n') {
      newlines_ += drops_newlines_ ? 0 : 1;
      continue;
    }
    release_newlines();
    is_start_ = drops_newlines_ = follows_call_ = false;
    emit(kind, {&byte, 1});
  }
}

void AnswerParser::release_newlines() {
  auto kind = place_ == Place::kReasoning ? AnswerDelta::Kind::kReasoning : AnswerDelta::Kind::kContent;
  if (newlines_ > 0) emit(kind, std::string(std::exchange(newlines_, 0), '\n'));
}

// How many newlines before a call templates write themselves.
uint32_t AnswerParser::newlines_of_call() const {
  constexpr uint32_t kBetweenCalls = 64;
  if (follows_call_) return kBetweenCalls;
  return options_.format == ToolFormat::kXml ? 2 : 1;
}

void AnswerParser::open_call(std::string_view tag) {
  uint32_t own = std::min(newlines_, newlines_of_call());
  newlines_ -= own;
  release_newlines();
  raw_.assign(own, '\n');
  raw_ += tag;
  reader_ = ToolCallReader::make(options_.format, options_.schemas);
  is_begun_ = is_start_ = drops_newlines_ = false;
  place_ = Place::kCall;
}

// Returns false if the byte is not of the call, which is none then.
bool AnswerParser::push_call(char byte) {
  if (raw_.size() >= options_.call_bytes_max) return false;
  auto state = reader_->push(byte, *this);
  if (state == ToolCallReader::State::kMalformed) return false;
  raw_ += byte;
  if (state == ToolCallReader::State::kWhole) close_call();
  return true;
}

// A marker in a call is text of it; if it cannot be, it stands behind what is no call.
void AnswerParser::take_in_call(Marker marker) {
  size_t begin = raw_.size();
  for (char byte : text_of(marker)) {
    if (push_call(byte)) continue;
    raw_.resize(begin);
    abandon_call();
    return take(marker);
  }
}

void AnswerParser::close_call() {
  emit(AnswerDelta::Kind::kCallEnded, {});
  std::move(call_.begin(), call_.end(), std::back_inserter(out_));
  call_.clear();
  place_ = Place::kContent;
  follows_call_ = true;
}

void AnswerParser::abandon_call() {
  bool is_void = is_begun_ && options_.delivery == CallDelivery::kStreamed;
  if (is_begun_ && !is_void) --calls_;
  call_.clear();
  place_ = Place::kContent;
  follows_call_ = false;
  // The end may already be the beginning of the next call, a tag that was taken for another one.
  size_t tag = raw_.rfind('<');
  std::string text = raw_.substr(0, tag), rest = raw_.substr(tag);
  if (!tags_.is_beginning(rest)) text += std::exchange(rest, {});
  if (is_void) emit(AnswerDelta::Kind::kCallVoid, {});
  emit(AnswerDelta::Kind::kContent, text);
  for (char byte : rest) tags_.push(byte);
}

void AnswerParser::begin_call(std::string name) {
  is_begun_ = true;
  ++calls_;
  emit(AnswerDelta::Kind::kCallBegun, name);
}

void AnswerParser::add_arguments(std::string_view text) { emit(AnswerDelta::Kind::kCallArguments, text); }

void AnswerParser::emit(AnswerDelta::Kind kind, std::string_view text) {
  bool is_of_call = kind >= AnswerDelta::Kind::kCallBegun;
  bool waits = place_ == Place::kCall && options_.delivery == CallDelivery::kWhole;
  std::vector<AnswerDelta>& out = waits ? call_ : out_;
  bool is_joined =
      !out.empty() && out.back().kind == kind && (!is_of_call || kind == AnswerDelta::Kind::kCallArguments);
  if (is_joined)
    out.back().text += text;
  else
    out.push_back({kind, is_of_call ? calls_ - 1 : 0, std::string(text)});
}

}  // namespace tenon
