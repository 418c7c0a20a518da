#include <tenon/text/grammar/stack.hpp>

namespace tenon::grammar {

Stack::Stack(const Automaton& automaton, size_t steps_max, uint32_t depth_max)
    : automaton_(&automaton), depth_max_(depth_max), frames_(depth_max + 1) {
  // A step changes one frame, and two for each rule that it begins.
  changes_.resize(4 * steps_max + 2 * depth_max);
  restart({automaton.rules[0].start, 0});
}

bool Stack::set(uint32_t at, Frame frame) {
  if (changed_ == changes_.size()) return false;
  changes_[changed_++] = {at, frames_[at]};
  frames_[at] = frame;
  return true;
}

void Stack::take_back(Mark mark) {
  for (; changed_ > mark.changes; --changed_)
    frames_[changes_[changed_ - 1].at] = changes_[changed_ - 1].before;
  depth_ = mark.depth;
}

Stack::Outcome Stack::step(uint8_t byte) {
  using Step = Automaton::Step;
  for (;;) {
    Automaton::Action action = automaton_->action(top().state, byte);
    switch (action.step()) {
      case Step::kFail: return Outcome::kRefused;
      case Step::kGo: return go(action) ? Outcome::kTaken : Outcome::kRefused;
      case Step::kCall:
        if (!call(action)) return Outcome::kRefused;
        break;
      case Step::kReturn:
        if (depth_ == 1) return Outcome::kLeft;
        leave();
        break;
    }
  }
}

bool Stack::go(Automaton::Action action) {
  Frame next = {action.number(), top().count};
  const Automaton::State& state = automaton_->states[next.state];
  const Automaton::RuleInfo& rule = automaton_->rules[state.rule];
  if (action.guard() == Guard::kCount && next.count++ >= rule.count_max) return false;
  if (action.guard() == Guard::kEnough && next.count < rule.count_min) return false;
  if (depth_ + state.needs > depth_max_) return has_hit_limit_ = true, false;
  return set(depth_ - 1, next);
}

bool Stack::call(Automaton::Action action) {
  const Automaton::Call& call = automaton_->calls[action.number()];
  Frame inside = {automaton_->rules[call.rule].start, 0};
  if (depth_ + 1 + automaton_->states[inside.state].needs > depth_max_ ||
      depth_ + automaton_->states[call.then].needs > depth_max_)
    return has_hit_limit_ = true, false;
  if (!set(depth_ - 1, {call.then, top().count}) || !set(depth_, inside)) return false;
  ++depth_;
  return true;
}

void Stack::leave_ended() {
  while (depth_ > 1 && automaton_->states[top().state].is_final && !automaton_->states[top().state].has_more)
    leave();
}

bool Stack::may_end() const {
  for (uint32_t i = 0; i < depth_; ++i)
    if (!automaton_->states[frames_[i].state].is_final) return false;
  return true;
}

bool Stack::may_go_on() const {
  for (uint32_t i = 0; i < depth_; ++i)
    if (automaton_->states[frames_[i].state].has_more) return true;
  return false;
}

}  // namespace tenon::grammar
