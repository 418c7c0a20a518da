// Finds tags such as <think> in text that comes byte by byte, the same however the text is cut. A tag begins
// with '<' and has no other '<', so no byte is ever looked at twice. One thread at a time.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Tags anywhere in text.
class TagMatcher {
 public:
  // REQUIRES: every tag begins with '<' and has no other; none is the beginning of another.
  explicit TagMatcher(std::vector<std::string> tags) : tags_(std::move(tags)) {}

  // Takes a byte; returns what can no longer belong to a tag, to be used before the next call.
  std::string_view push(char byte);

  // The number of the tag that the last byte completed, if it did.
  std::optional<size_t> found() const { return found_; }

  // Whether a tag begins with this text, and goes on.
  bool is_beginning(std::string_view text) const;

  // What is held back, when no more text comes.
  std::string flush();

 private:
  std::vector<std::string> tags_;
  std::string held_;  // the beginning of a tag
  std::string released_;
  std::optional<size_t> found_;
};

// One of some tags at once, but for white space before it.
class ExpectedTag {
 public:
  enum class Outcome { kMore, kFound, kOther };

  explicit ExpectedTag(std::vector<std::string> tags) : tags_(std::move(tags)) {}

  // kOther: something else stands here; nothing more may be pushed then. After kFound the next one is
  // expected.
  Outcome push(char byte);

  // The number of the tag, after kFound.
  size_t found() const { return found_; }

 private:
  std::vector<std::string> tags_;
  std::string seen_;
  size_t found_ = 0;
};

// What JSON and these formats take for white space.
inline bool is_json_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

}  // namespace tenon
