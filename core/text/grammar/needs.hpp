// The last stage of making an automaton: which states have a way to the end of their rule.
#pragma once
#include <tenon/text/grammar/automaton.hpp>

namespace tenon::grammar {

inline constexpr uint16_t kNeverEnds = UINT16_MAX;

// Fills in what each state needs, makes steps fail that lead to where nothing ends, and lets rules return
// where they may. Returns false once the budget is spent.
bool keep_what_ends(Automaton& automaton, Budget& budget);

}  // namespace tenon::grammar
