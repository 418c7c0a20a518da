// Where in a language a text has come to: the states of the rules that are being read, the innermost last. One
// thread. Allocates only when it is made.
#pragma once
#include <tenon/text/grammar/automaton.hpp>

namespace tenon::grammar {

class Stack {
 public:
  // Rules inside rules at most: what lies deeper cannot be read.
  static constexpr uint32_t kDepthMax = 64;
  struct Frame {
    uint32_t state = 0, count = 0;
  };
  // What step() came to. kLeft: the outermost rule's word is over before this byte.
  enum class Outcome { kTaken, kRefused, kLeft };

  // At the beginning. automaton must outlive it. take_back() works for the last steps_max steps.
  Stack(const Automaton& automaton, size_t steps_max, uint32_t depth_max = kDepthMax);

  // Where nothing but the outermost frame is known.
  void restart(Frame outermost) { depth_ = 1, frames_[0] = outermost, changed_ = 0, has_hit_limit_ = false; }
  // Reads a byte. What is not taken leaves it between states: take_back to where it was before.
  Outcome step(uint8_t byte);
  // Leaves rules that are over and cannot go on.
  void leave_ended();

  struct Mark {
    size_t changes;
    uint32_t depth;
  };
  Mark mark() const { return {changed_, depth_}; }
  void take_back(Mark mark);
  // From here on nothing is taken back.
  void forget() { changed_ = 0; }

  uint32_t depth() const { return depth_; }
  const Frame& top() const { return frames_[depth_ - 1]; }
  // The innermost rule is over.
  void leave() { --depth_; }
  bool may_end() const;
  bool may_go_on() const;
  // Whether something was refused for its depth since restart().
  bool has_hit_limit() const { return has_hit_limit_; }

 private:
  struct Change {
    uint32_t at;
    Frame before;
  };
  bool go(Automaton::Action action);
  bool call(Automaton::Action action);
  bool set(uint32_t at, Frame frame);

  const Automaton* automaton_;
  const uint32_t depth_max_;
  std::vector<Frame> frames_;
  std::vector<Change> changes_;  // the first `changed_` can be taken back
  size_t changed_ = 0;
  uint32_t depth_ = 1;
  bool has_hit_limit_ = false;
};

}  // namespace tenon::grammar
