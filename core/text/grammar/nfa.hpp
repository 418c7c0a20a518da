// A language as a network of states: edges that take a byte, edges that take none, and edges that take a word
// of another rule. What the compilers of patterns and schemas build, and determinise() reads. One thread.
#pragma once
#include <tenon/text/grammar/budget.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::grammar {

// What an edge asks of its rule's counter: kCount is open while the rule may still count, and counts;
// kEnough is open once it has counted enough.
enum class Guard : uint8_t { kNone, kCount, kEnough };

// Part of a network, entered at `start`, left at `end`.
struct Fragment {
  uint32_t start, end;
};

// A rule is the top, or what call edges refer to. Its states are those numbered [first, last).
struct Rule {
  Fragment body{0, 0};
  uint32_t first = 0, last = 0;
  uint32_t count_min = 0, count_max = 0;
  bool is_counted = false;
};

class Nfa {
 public:
  enum class Kind : uint8_t { kEpsilon, kBytes, kCall };
  struct Edge {
    uint32_t to, next;  // next edge of the same state, kNone after the last
    uint32_t rule;      // if kCall
    uint8_t low, high;  // inclusive, if kBytes
    Kind kind;
    Guard guard;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  // budget must outlive it. Once that is spent, states and edges are no longer added, and numbers mean nothing.
  explicit Nfa(Budget& budget) : budget_(budget) {}

  uint32_t add_state();
  void add_epsilon(uint32_t from, uint32_t to);
  void add_bytes(uint32_t from, uint32_t to, uint8_t low, uint8_t high, Guard guard = Guard::kNone);
  void add_call(uint32_t from, uint32_t to, uint32_t rule);
  // An edge becomes one that takes nothing and leads to `to`.
  void redirect(uint32_t edge, uint32_t to);

  uint32_t size() const { return static_cast<uint32_t>(first_.size()); }
  uint32_t first_edge(uint32_t state) const { return first_[state]; }
  const Edge& edge(uint32_t edge) const { return edges_[edge]; }
  Budget& budget() const { return budget_; }

  // Fragments. Each is used once; copy() gives another of the same language.
  Fragment empty();
  Fragment nothing();  // no word at all
  Fragment literal(std::string_view bytes);
  Fragment bytes(uint8_t low, uint8_t high);
  Fragment call(uint32_t rule);
  Fragment join(std::initializer_list<Fragment> parts);
  Fragment any_of(std::span<const Fragment> parts);
  Fragment optional(Fragment part);
  Fragment repeat(Fragment part);  // any number of times, none included
  // `part` is all states from `first` on; max kNone: no limit.
  Fragment repeat(Fragment part, uint32_t first, uint32_t min, uint32_t max);
  // Of the states [first, last).
  Fragment copy(Fragment part, uint32_t first, uint32_t last);

 private:
  void add(uint32_t from, Edge edge);

  Budget& budget_;
  std::vector<uint32_t> first_;  // edge of each state
  std::vector<Edge> edges_;
};

// All rules, the top first.
struct Network {
  explicit Network(Budget& budget) : nfa(budget) {}
  Nfa nfa;
  std::vector<Rule> rules;
};

}  // namespace tenon::grammar
