// Looks for stop strings in a stream of text: lets through what can no longer belong to one, and holds the rest
// back. The same text gives the same answer however it is cut into pieces. One thread at a time.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

class StopMatcher {
 public:
  // Empty stop strings never match.
  explicit StopMatcher(std::vector<std::string> stops);

  // Takes more text and returns what is released by it. The match is the one that ends first, of those that end
  // at the same place the longest; text before it is released, the stop string and everything after it are not.
  std::string push(std::string_view piece);

  // What was held back, when no more text comes. Nothing after a match.
  std::string flush();

  // The stop string that was found, if any.
  const std::optional<std::string>& match() const { return match_; }

 private:
  struct Stop {
    std::string text;
    std::vector<size_t> fallback;  // by bytes matched: the longest shorter beginning that is also an end
    size_t matched = 0;            // bytes of text that the stream ends with
  };

  static std::vector<size_t> fallback_of(std::string_view text);
  static void advance(Stop& stop, char byte);
  const Stop* take(char byte);

  std::vector<Stop> stops_;
  std::string held_;  // the stream's end that may begin a stop string
  std::optional<std::string> match_;
};

}  // namespace tenon
