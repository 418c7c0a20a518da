// Sets of characters as byte sequences: UTF-8 as it is, or as it stands inside a JSON string, where some
// characters are written as an escape sequence.
#pragma once
#include <tenon/text/grammar/nfa.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tenon::grammar {

// Of code points, inclusive.
struct CodeRange {
  uint32_t low, high;
};
using CodeSet = std::vector<CodeRange>;

inline constexpr uint32_t kCodeMax = 0x10FFFF;

// Sorted, without overlaps, without surrogates, which UTF-8 does not have.
CodeSet normalised(CodeSet set);
// All characters that are not in it.
CodeSet complement(const CodeSet& set);

// How characters are written. In kJsonString each has one form: itself, or the shortest escape where JSON asks
// for one.
enum class Writing { kPlain, kJsonString };

// One character of the set. Each byte edge that begins one has the guard.
void add_characters(Nfa& nfa, Fragment between, const CodeSet& set, Writing writing,
                    Guard guard = Guard::kNone);
Fragment characters(Nfa& nfa, const CodeSet& set, Writing writing);

// The text in that writing. REQUIRES: it is valid UTF-8
std::string written(std::string_view text, Writing writing);
// REQUIRES: it is valid UTF-8
std::vector<uint32_t> code_points(std::string_view text);

}  // namespace tenon::grammar
