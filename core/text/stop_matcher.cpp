#include <tenon/text/stop_matcher.hpp>

#include <algorithm>
#include <utility>

namespace tenon {

StopMatcher::StopMatcher(std::vector<std::string> stops) {
  for (std::string& text : stops) {
    if (text.empty()) continue;
    std::vector<size_t> fallback = fallback_of(text);
    stops_.push_back({std::move(text), std::move(fallback)});
  }
}

// Knuth, Morris and Pratt: after a mismatch the stream is not read again.
std::vector<size_t> StopMatcher::fallback_of(std::string_view text) {
  std::vector<size_t> fallback(text.size() + 1, 0);
  for (size_t at = 1, length = 0; at < text.size(); ++at) {
    while (length > 0 && text[at] != text[length]) length = fallback[length];
    if (text[at] == text[length]) ++length;
    fallback[at + 1] = length;
  }
  return fallback;
}

void StopMatcher::advance(Stop& stop, char byte) {
  while (stop.matched > 0 && stop.text[stop.matched] != byte) stop.matched = stop.fallback[stop.matched];
  if (stop.text[stop.matched] == byte) ++stop.matched;
}

// The longest stop string that ends with this byte, if any does.
const StopMatcher::Stop* StopMatcher::take(char byte) {
  const Stop* found = nullptr;
  for (Stop& stop : stops_) {
    advance(stop, byte);
    bool whole = stop.matched == stop.text.size();
    if (whole && (found == nullptr || stop.text.size() > found->text.size())) found = &stop;
  }
  return found;
}

std::string StopMatcher::push(std::string_view piece) {
  if (match_) return {};
  for (char byte : piece) {
    held_ += byte;
    const Stop* found = take(byte);
    if (found == nullptr) continue;
    match_ = found->text;
    held_.resize(held_.size() - found->text.size());
    return std::exchange(held_, {});
  }
  size_t keep = 0;
  for (const Stop& stop : stops_) keep = std::max(keep, stop.matched);
  std::string released = held_.substr(0, held_.size() - keep);
  held_.erase(0, released.size());
  return released;
}

std::string StopMatcher::flush() {
  for (Stop& stop : stops_) stop.matched = 0;
  return std::exchange(held_, {});
}

}  // namespace tenon
