// Small helpers for the words in messages.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// "1.50 GiB", "640 KiB", "12 B"
std::string format_bytes(uint64_t bytes);

// "81,324,862,720"
std::string format_count(uint64_t count);

// The shortest text that reads back as the same number, and cannot be taken for a whole one: "1.0", "1e-06",
// "nan"
std::string format_number(double number);

// "a, b and c"
std::string join_words(const std::vector<std::string>& words);

// The candidate that `word` was probably meant to be: at most a third of its letters differ (Levenshtein).
std::optional<std::string> find_nearest(std::string_view word, const std::vector<std::string>& candidates);

// " (did you mean X?)", or nothing where no candidate is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// "4K", "1.5M", "2GiB", "1048576" as bytes; nothing if it is not a size or does not fit.
std::optional<uint64_t> parse_bytes(std::string_view text);

// The text with control characters (the eight-bit ones too) and invalid UTF-8 as \xNN, cut to `max` bytes: safe
// to show on a terminal.
std::string printable(std::string_view text, size_t max = 200);

// Number of bytes of the longest prefix that does not end inside a UTF-8 sequence. Invalid bytes count as
// complete.
size_t utf8_complete_prefix(std::string_view text);

bool is_valid_utf8(std::string_view text);

}  // namespace tenon
