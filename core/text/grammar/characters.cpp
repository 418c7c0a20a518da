#include <tenon/text/grammar/characters.hpp>

#include <tenon/text/utf8.hpp>

#include <algorithm>

namespace tenon::grammar {
namespace {

constexpr CodeRange kSurrogates = {0xD800, 0xDFFF};

// All characters from `low` to `high`, whose encodings are equally long and differ in the last bytes only in
// ways that a sequence of byte ranges can say.
void add_sequence(Nfa& nfa, Fragment between, const std::string& low, const std::string& high, Guard guard) {
  uint32_t from = between.start;
  for (size_t i = 0; i < low.size(); ++i) {
    uint32_t to = i + 1 == low.size() ? between.end : nfa.add_state();
    nfa.add_bytes(from, to, static_cast<uint8_t>(low[i]), static_cast<uint8_t>(high[i]),
                  i == 0 ? guard : Guard::kNone);
    from = to;
  }
}

void add_utf8(Nfa& nfa, Fragment between, CodeRange range, Guard guard) {
  constexpr uint32_t kLast[] = {0x7F, 0x7FF, 0xFFFF};
  for (uint32_t last : kLast)
    if (range.low <= last && range.high > last) {
      add_utf8(nfa, between, {range.low, last}, guard);
      return add_utf8(nfa, between, {last + 1, range.high}, guard);
    }
  int length = static_cast<int>(utf8_of(range.low).size());
  for (int i = 1; i < length; ++i) {
    uint32_t rest = (uint32_t{1} << (6 * i)) - 1;
    if ((range.low & ~rest) == (range.high & ~rest)) continue;
    if (range.low & rest) {
      add_utf8(nfa, between, {range.low, range.low | rest}, guard);
      return add_utf8(nfa, between, {(range.low | rest) + 1, range.high}, guard);
    }
    if ((range.high & rest) != rest) {
      add_utf8(nfa, between, {range.low, (range.high & ~rest) - 1}, guard);
      return add_utf8(nfa, between, {range.high & ~rest, range.high}, guard);
    }
  }
  add_sequence(nfa, between, utf8_of(range.low), utf8_of(range.high), guard);
}

bool is_escaped(uint32_t code) { return code < 0x20 || code == '"' || code == '\\'; }

std::string escape_of(uint32_t code) {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // the character and its letter, in turn
  for (size_t i = 0; i < kShort.size(); i += 2)
    if (static_cast<uint32_t>(kShort[i]) == code) return {'\\', kShort[i + 1]};
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'\\', 'u', '0', '0', kDigits[code >> 4], kDigits[code & 15]};
}

}  // namespace

CodeSet normalised(CodeSet set) {
  std::sort(set.begin(), set.end(), [](CodeRange a, CodeRange b) { return a.low < b.low; });
  CodeSet merged;
  for (CodeRange range : set) {
    if (!merged.empty() && range.low <= merged.back().high + 1) {
      merged.back().high = std::max(merged.back().high, range.high);
    } else {
      merged.push_back(range);
    }
  }
  CodeSet made;
  for (CodeRange range : merged) {
    if (range.low < kSurrogates.low) made.push_back({range.low, std::min(range.high, kSurrogates.low - 1)});
    if (range.high > kSurrogates.high) made.push_back({std::max(range.low, kSurrogates.high + 1), range.high});
  }
  return made;
}

CodeSet complement(const CodeSet& set) {
  CodeSet rest;
  uint32_t next = 0;
  for (CodeRange range : normalised(set)) {
    if (range.low > next) rest.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kCodeMax) rest.push_back({next, kCodeMax});
  return normalised(std::move(rest));
}

void add_characters(Nfa& nfa, Fragment between, const CodeSet& set, Writing writing, Guard guard) {
  for (CodeRange range : normalised(set)) {
    uint32_t low = range.low;
    for (uint32_t code = low; writing == Writing::kJsonString && code <= std::min(range.high, 0x5Cu); ++code) {
      if (!is_escaped(code)) continue;
      if (low < code) add_utf8(nfa, between, {low, code - 1}, guard);
      add_sequence(nfa, between, escape_of(code), escape_of(code), guard);
      low = code + 1;
    }
    if (low <= range.high) add_utf8(nfa, between, {low, range.high}, guard);
  }
}

Fragment characters(Nfa& nfa, const CodeSet& set, Writing writing) {
  Fragment made = nfa.nothing();
  add_characters(nfa, made, set, writing);
  return made;
}

std::vector<uint32_t> code_points(std::string_view text) {
  std::vector<uint32_t> codes;
  for (size_t i = 0; i < text.size();) {
    uint8_t lead = static_cast<uint8_t>(text[i++]);
    int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    uint32_t code = more == 0 ? lead : lead & (0x3Fu >> more);
    for (; more > 0 && i < text.size(); --more) code = code << 6 | (static_cast<uint8_t>(text[i++]) & 63);
    codes.push_back(code);
  }
  return codes;
}

std::string written(std::string_view text, Writing writing) {
  if (writing == Writing::kPlain) return std::string(text);
  std::string made;
  for (uint32_t code : code_points(text)) made += is_escaped(code) ? escape_of(code) : utf8_of(code);
  return made;
}

}  // namespace tenon::grammar
