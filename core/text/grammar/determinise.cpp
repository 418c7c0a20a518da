#include "needs.hpp"

#include <tenon/text/grammar/automaton.hpp>

#include <algorithm>
#include <bitset>
#include <unordered_map>

namespace tenon::grammar {
namespace {

using Set = std::vector<uint32_t>;  // states of the network, sorted
using Bytes = std::bitset<256>;

struct SetHash {
  size_t operator()(const Set& set) const {
    uint64_t hash = set.size();
    for (uint32_t state : set) hash = (hash ^ state) * 0x9E3779B97F4A7C15 ^ hash >> 31;
    return hash;
  }
};

class Determiniser {
 public:
  Determiniser(Network& network, const std::string& alike)
      : network_(network), nfa_(network.nfa), budget_(network.nfa.budget()), alike_(alike) {}

  Result<Automaton> run() {
    find_classes();
    find_first_bytes();
    for (uint32_t rule = 0; rule < network_.rules.size(); ++rule) TENON_TRY(make_rule(rule));
    if (budget_.is_spent()) return budget_.error();
    if (!keep_what_ends(made_, budget_)) return budget_.error();
    if (made_.states[made_.rules[0].start].needs == kNeverEnds) return invalid("no text is allowed by it");
    return std::move(made_);
  }

 private:
  void find_classes();
  void find_first_bytes();
  Status make_rule(uint32_t rule);
  Status make_state(uint32_t state, Set set);
  bool resolve(Set& set, Status& status);
  Status inline_calls(const Set& set, const std::vector<uint32_t>& rules);
  void add_actions(uint32_t state, const Set& set);
  uint32_t state_of(Set set);
  Set closure(const Set& set);
  template <class Visit>
  void for_each_edge(const Set& set, Visit&& visit) const {
    for (uint32_t state : set)
      for (uint32_t edge = nfa_.first_edge(state); edge != Nfa::kNone; edge = nfa_.edge(edge).next)
        visit(edge, nfa_.edge(edge));
  }

  Network& network_;
  Nfa& nfa_;
  Budget& budget_;
  const std::string& alike_;
  Automaton made_;
  std::vector<Bytes> first_bytes_;                      // of each rule's words
  uint32_t rule_ = 0;                                   // being made
  std::unordered_map<Set, uint32_t, SetHash> numbers_;  // of its states
  std::vector<const Set*> sets_;                        // of its states that have no actions yet
  std::vector<uint32_t> seen_;                          // per state of the network: the last closure it was in
  uint32_t closures_ = 0;
};

// Neighbouring bytes between which no edge begins or ends are one class.
void Determiniser::find_classes() {
  Bytes begins;
  for (uint32_t state = 0; state < nfa_.size(); ++state)
    for_each_edge({state}, [&](uint32_t, const Nfa::Edge& edge) {
      if (edge.kind != Nfa::Kind::kBytes) return;
      begins.set(edge.low);
      if (edge.high < 255) begins.set(edge.high + 1u);
    });
  uint32_t number = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    number += byte > 0 && begins[byte];
    made_.class_of[byte] = static_cast<uint8_t>(number);
  }
  made_.classes = number + 1;
}

void Determiniser::find_first_bytes() {
  size_t rules = network_.rules.size();
  first_bytes_.resize(rules);
  std::vector<std::vector<uint32_t>> begins_with(rules);
  for (size_t rule = 0; rule < rules; ++rule)
    for_each_edge(closure({network_.rules[rule].body.start}), [&](uint32_t, const Nfa::Edge& edge) {
      if (edge.kind == Nfa::Kind::kCall) begins_with[rule].push_back(edge.rule);
      if (edge.kind == Nfa::Kind::kBytes)
        for (unsigned byte = edge.low; byte <= edge.high; ++byte) first_bytes_[rule].set(byte);
    });
  for (bool is_changed = true; is_changed && budget_.take(0);) {
    is_changed = false;
    for (size_t rule = 0; rule < rules; ++rule)
      for (uint32_t other : begins_with[rule]) {
        Bytes all = first_bytes_[rule] | first_bytes_[other];
        is_changed |= all != first_bytes_[rule];
        first_bytes_[rule] = all;
      }
  }
}

// What can be reached without a byte; of that, what has edges of interest or is the rule's end.
Set Determiniser::closure(const Set& set) {
  seen_.resize(nfa_.size());
  ++closures_;
  Set reached, kept;
  auto reach = [&](uint32_t state) {
    if (std::exchange(seen_[state], closures_) != closures_) reached.push_back(state);
  };
  for (uint32_t state : set) reach(state);
  for (size_t i = 0; i < reached.size() && budget_.take(0); ++i) {
    uint32_t state = reached[i];
    bool is_kept = state == network_.rules[rule_].body.end;
    for (uint32_t e = nfa_.first_edge(state); e != Nfa::kNone; e = nfa_.edge(e).next) {
      if (nfa_.edge(e).kind == Nfa::Kind::kEpsilon) {
        reach(nfa_.edge(e).to);
      } else {
        is_kept = true;
      }
    }
    if (is_kept) kept.push_back(state);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

uint32_t Determiniser::state_of(Set set) {
  size_t bytes = set.size() * sizeof(uint32_t) + 64 + made_.classes * sizeof(Automaton::Action);
  auto [at, is_new] = numbers_.try_emplace(std::move(set), static_cast<uint32_t>(made_.states.size()));
  if (is_new && budget_.take(bytes)) {
    made_.states.push_back({rule_, 0, false, false});
    made_.actions.resize(made_.states.size() * made_.classes);
    sets_.push_back(&at->first);
  }
  return at->second;
}

Status Determiniser::make_rule(uint32_t rule) {
  const Rule& given = network_.rules[rule];
  rule_ = rule;
  numbers_.clear(), sets_.clear();
  uint32_t start = state_of(closure({given.body.start}));
  made_.rules.push_back({start, given.count_min, given.count_max, given.is_counted});
  for (size_t i = 0; i < sets_.size(); ++i) {
    if (budget_.is_spent()) return budget_.error();
    TENON_TRY(make_state(start + static_cast<uint32_t>(i), *sets_[i]));
  }
  return budget_.is_spent() ? Status(budget_.error()) : ok();
}

Status Determiniser::make_state(uint32_t state, Set set) {
  Status status = ok();
  while (!resolve(set, status)) {
    if (!status.ok()) return status;
    if (!budget_.take(set.size() * sizeof(uint32_t))) return budget_.error();
    set = closure(set);
  }
  made_.states[state].is_final = std::binary_search(set.begin(), set.end(), network_.rules[rule_].body.end);
  add_actions(state, set);
  return ok();
}

// Where a byte could begin a call and something else, the called rule's states take the place of the call.
// Returns false if that happened, or failed.
bool Determiniser::resolve(Set& set, Status& status) {
  Bytes once, twice;
  auto add = [&](const Bytes& bytes) { twice |= once & bytes, once |= bytes; };
  Bytes own;
  std::vector<uint32_t> called;
  for_each_edge(set, [&](uint32_t, const Nfa::Edge& edge) {
    if (edge.kind == Nfa::Kind::kCall) called.push_back(edge.rule);
    if (edge.kind == Nfa::Kind::kBytes)
      for (unsigned byte = edge.low; byte <= edge.high; ++byte) own.set(byte);
  });
  if (called.empty()) return true;
  std::sort(called.begin(), called.end());
  called.erase(std::unique(called.begin(), called.end()), called.end());
  add(own);
  for (uint32_t rule : called) add(first_bytes_[rule]);
  std::erase_if(called, [&](uint32_t rule) { return (first_bytes_[rule] & twice).none(); });
  if (called.empty()) return true;
  status = inline_calls(set, called);
  return false;
}

Status Determiniser::inline_calls(const Set& set, const std::vector<uint32_t>& rules) {
  std::vector<uint32_t> edges;
  for_each_edge(set, [&](uint32_t number, const Nfa::Edge& edge) {
    if (edge.kind == Nfa::Kind::kCall && std::binary_search(rules.begin(), rules.end(), edge.rule))
      edges.push_back(number);
  });
  for (uint32_t number : edges) {
    const Rule& rule = network_.rules[nfa_.edge(number).rule];
    if (rule.is_counted) return invalid(alike_);
    uint32_t then = nfa_.edge(number).to;
    Fragment body = nfa_.copy(rule.body, rule.first, rule.last);
    if (budget_.is_spent()) return budget_.error();
    nfa_.redirect(number, body.start);
    nfa_.add_epsilon(body.end, then);
  }
  return ok();
}

void Determiniser::add_actions(uint32_t state, const Set& set) {
  using Action = Automaton::Action;
  std::vector<Set> targets(made_.classes);
  std::vector<Guard> guards(made_.classes, Guard::kNone);
  std::unordered_map<uint32_t, Set> called;  // by rule: what comes afterwards
  for_each_edge(set, [&](uint32_t, const Nfa::Edge& edge) {
    if (edge.kind == Nfa::Kind::kCall) called[edge.rule].push_back(edge.to);
    if (edge.kind != Nfa::Kind::kBytes) return;
    for (uint32_t c = made_.class_of[edge.low]; c <= made_.class_of[edge.high]; ++c)
      targets[c].push_back(edge.to), guards[c] = edge.guard;
  });
  auto at = [&](size_t c) -> Action& { return made_.actions[size_t{state} * made_.classes + c]; };
  for (size_t c = 0; c < targets.size() && !budget_.is_spent(); ++c) {
    if (targets[c].empty()) continue;
    if (c > 0 && targets[c] == targets[c - 1] && guards[c] == guards[c - 1]) {
      at(c) = at(c - 1);
    } else {
      uint32_t to = state_of(closure(targets[c]));  // may move the actions
      at(c) = Action(Automaton::Step::kGo, guards[c], to);
    }
  }
  for (const auto& [rule, then] : called) {
    uint32_t after = state_of(closure(then)), number = static_cast<uint32_t>(made_.calls.size());
    if (!budget_.take(sizeof(Automaton::Call))) return;
    made_.calls.push_back({rule, after});
    for (size_t byte = 0; byte < 256; ++byte)
      if (first_bytes_[rule][byte])
        at(made_.class_of[byte]) = Action(Automaton::Step::kCall, Guard::kNone, number);
  }
}

}  // namespace

Result<Automaton> determinise(Network& network, const std::string& alike) {
  if (network.nfa.budget().is_spent()) return network.nfa.budget().error();
  return Determiniser(network, alike).run();
}

}  // namespace tenon::grammar
