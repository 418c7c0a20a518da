#include "needs.hpp"

#include <algorithm>

namespace tenon::grammar {
namespace {

using Action = Automaton::Action;
using Step = Automaton::Step;

// From the ends backwards, states with the least needs first.
class Needs {
 public:
  Needs(Automaton& automaton, Budget& budget) : automaton_(automaton), budget_(budget) {}

  bool run() {
    for (Automaton::State& state : automaton_.states) state.needs = kNeverEnds;
    link();
    for (uint32_t i = 0; i < automaton_.states.size(); ++i)
      if (automaton_.states[i].is_final) reach(i, 0);
    for (size_t need = 0; need < levels_.size() && budget_.take(0); ++need)
      for (size_t i = 0; i < levels_[need].size(); ++i) settle(levels_[need][i], static_cast<uint16_t>(need));
    return budget_.take(0);
  }

 private:
  struct Link {
    uint32_t from, call;  // kNoCall: without one
  };
  static constexpr uint32_t kNoCall = UINT32_MAX;

  void link() {
    before_.resize(automaton_.states.size());
    callers_.resize(automaton_.rules.size());
    for (uint32_t from = 0; from < automaton_.states.size(); ++from) {
      Action last;
      for (uint32_t c = 0; c < automaton_.classes; ++c) {
        Action action = automaton_.actions[size_t{from} * automaton_.classes + c];
        if (action.packed == std::exchange(last, action).packed || action.step() == Step::kFail) continue;
        if (!budget_.take(2 * sizeof(Link))) return;
        if (action.step() == Step::kGo) {
          before_[action.number()].push_back({from, kNoCall});
        } else {
          const Automaton::Call& call = automaton_.calls[action.number()];
          before_[call.then].push_back({from, action.number()});
          callers_[call.rule].push_back({from, action.number()});
        }
      }
    }
  }

  void reach(uint32_t state, uint32_t need) {
    if (need >= automaton_.states[state].needs || need >= kNeverEnds) return;
    automaton_.states[state].needs = static_cast<uint16_t>(need);
    if (levels_.size() <= need) levels_.resize(need + 1);
    levels_[need].push_back(state);
  }

  void settle(uint32_t state, uint16_t need) {
    if (automaton_.states[state].needs != need) return;  // reached by a shorter way since
    for (const Link& link : before_[state]) link.call == kNoCall ? reach(link.from, need) : reach_by(link);
    uint32_t rule = automaton_.states[state].rule;
    if (state != automaton_.rules[rule].start) return;
    for (const Link& link : callers_[rule]) reach_by(link);
  }

  void reach_by(const Link& link) {
    const Automaton::Call& call = automaton_.calls[link.call];
    uint32_t then = automaton_.states[call.then].needs;
    uint32_t inside = automaton_.states[automaton_.rules[call.rule].start].needs;
    if (then != kNeverEnds && inside != kNeverEnds) reach(link.from, std::max(then, inside + 1));
  }

  Automaton& automaton_;
  Budget& budget_;
  std::vector<std::vector<Link>> before_;      // by state: steps that lead there
  std::vector<std::vector<Link>> callers_;     // by rule
  std::vector<std::vector<uint32_t>> levels_;  // states by what they need
};

void finish(Automaton& automaton, uint32_t number) {
  Automaton::State& state = automaton.states[number];
  for (uint32_t c = 0; c < automaton.classes; ++c) {
    Action& action = automaton.actions[size_t{number} * automaton.classes + c];
    bool is_lost = false;
    if (action.step() == Step::kGo) is_lost = automaton.states[action.number()].needs == kNeverEnds;
    if (action.step() == Step::kCall) {
      const Automaton::Call& call = automaton.calls[action.number()];
      is_lost = automaton.states[call.then].needs == kNeverEnds ||
                automaton.states[automaton.rules[call.rule].start].needs == kNeverEnds;
    }
    if (is_lost) action = Action();
    state.has_more |= action.step() != Step::kFail;
    // Nobody called the top.
    if (action.step() == Step::kFail && state.is_final && state.rule != 0)
      action = Action(Step::kReturn, Guard::kNone, 0);
  }
}

}  // namespace

bool keep_what_ends(Automaton& automaton, Budget& budget) {
  if (!Needs(automaton, budget).run()) return false;
  for (uint32_t state = 0; state < automaton.states.size(); ++state) finish(automaton, state);
  return true;
}

}  // namespace tenon::grammar
