#include <tenon/text/tag_matcher.hpp>

#include <algorithm>
#include <utility>

namespace tenon {
namespace {

// The first tag that begins with `text`; the number of tags if none does.
size_t find_beginning(const std::vector<std::string>& tags, std::string_view text) {
  auto begins = [&](const std::string& tag) { return tag.starts_with(text); };
  return static_cast<size_t>(std::find_if(tags.begin(), tags.end(), begins) - tags.begin());
}

}  // namespace

std::string_view TagMatcher::push(char byte) {
  found_.reset();
  released_.clear();
  if (byte == '<') std::swap(released_, held_);
  held_ += byte;
  size_t tag = find_beginning(tags_, held_);
  if (tag == tags_.size()) {
    released_ += held_;
    held_.clear();
  } else if (tags_[tag].size() == held_.size()) {
    found_ = tag;
    held_.clear();
  }
  return released_;
}

bool TagMatcher::is_beginning(std::string_view text) const {
  size_t tag = find_beginning(tags_, text);
  return tag < tags_.size() && text.size() < tags_[tag].size();
}

std::string TagMatcher::flush() { return std::exchange(held_, {}); }

ExpectedTag::Outcome ExpectedTag::push(char byte) {
  if (seen_.empty() && is_json_space(byte)) return Outcome::kMore;
  seen_ += byte;
  found_ = find_beginning(tags_, seen_);
  if (found_ == tags_.size()) return Outcome::kOther;
  if (seen_.size() < tags_[found_].size()) return Outcome::kMore;
  seen_.clear();
  return Outcome::kFound;
}

}  // namespace tenon
