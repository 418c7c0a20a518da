// A language that a machine with a stack reads byte by byte, without ever a choice: for each state and byte
// there is one thing to do. Immutable; any thread.
#pragma once
#include <tenon/text/grammar/nfa.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace tenon::grammar {

struct Automaton {
  enum class Step : uint8_t {
    kFail,    // the byte cannot come here
    kGo,      // to a state of the same rule
    kCall,    // begin another rule, and take the byte there
    kReturn,  // this rule's word is over: take the byte where it was called
  };
  // What to do, packed: the step, what it asks of the counter, and the number of a state or a call.
  struct Action {
    uint32_t packed = 0;
    Action() = default;
    Action(Step step, Guard guard, uint32_t number)
        : packed(number << 4 | static_cast<uint32_t>(guard) << 2 | static_cast<uint32_t>(step)) {}
    Step step() const { return static_cast<Step>(packed & 3); }
    Guard guard() const { return static_cast<Guard>(packed >> 2 & 3); }
    uint32_t number() const { return packed >> 4; }
  };
  struct Call {
    uint32_t rule, then;  // the state of the caller afterwards
  };
  struct RuleInfo {
    uint32_t start, count_min, count_max;
    bool is_counted;
  };
  struct State {
    uint32_t rule;
    uint16_t needs;  // calls inside calls that the shortest way to the end of the rule takes
    bool is_final;   // the rule's word may end here
    bool has_more;   // and may go on here
  };

  Action action(uint32_t state, uint8_t byte) const {
    return actions[size_t{state} * classes + class_of[byte]];
  }
  size_t bytes() const {
    return sizeof(*this) + actions.size() * sizeof(Action) + calls.size() * sizeof(Call) +
           states.size() * sizeof(State) + rules.size() * sizeof(RuleInfo);
  }

  std::array<uint8_t, 256> class_of{};  // bytes of one class are treated alike everywhere
  uint32_t classes = 0;
  std::vector<Action> actions;  // [states][classes]
  std::vector<Call> calls;
  std::vector<State> states;
  std::vector<RuleInfo> rules;  // the top first
};

// Fails if the network has no word, if it takes more than the budget, or if where several rules could go on the
// next byte does not tell which: then with `alike` as the error's text.
Result<Automaton> determinise(Network& network, const std::string& alike);

}  // namespace tenon::grammar
