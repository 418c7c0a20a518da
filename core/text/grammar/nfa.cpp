#include <tenon/text/grammar/nfa.hpp>

namespace tenon::grammar {

uint32_t Nfa::add_state() {
  if (!budget_.take(sizeof(uint32_t))) return 0;
  first_.push_back(kNone);
  return size() - 1;
}

void Nfa::add(uint32_t from, Edge edge) {
  if (!budget_.take(sizeof(Edge))) return;
  edge.next = first_[from];
  first_[from] = static_cast<uint32_t>(edges_.size());
  edges_.push_back(edge);
}

void Nfa::add_epsilon(uint32_t from, uint32_t to) { add(from, {to, kNone, 0, 0, 0, Kind::kEpsilon, {}}); }

void Nfa::add_bytes(uint32_t from, uint32_t to, uint8_t low, uint8_t high, Guard guard) {
  add(from, {to, kNone, 0, low, high, Kind::kBytes, guard});
}

void Nfa::add_call(uint32_t from, uint32_t to, uint32_t rule) {
  add(from, {to, kNone, rule, 0, 0, Kind::kCall, {}});
}

void Nfa::redirect(uint32_t edge, uint32_t to) {
  edges_[edge].kind = Kind::kEpsilon;
  edges_[edge].to = to;
}

Fragment Nfa::empty() {
  uint32_t state = add_state();
  return {state, state};
}

Fragment Nfa::nothing() {
  uint32_t start = add_state();
  return {start, add_state()};
}

Fragment Nfa::literal(std::string_view bytes) {
  Fragment made = empty();
  for (char byte : bytes) {
    uint32_t next = add_state();
    add_bytes(made.end, next, static_cast<uint8_t>(byte), static_cast<uint8_t>(byte));
    made.end = next;
  }
  return made;
}

Fragment Nfa::bytes(uint8_t low, uint8_t high) {
  Fragment made = nothing();
  add_bytes(made.start, made.end, low, high);
  return made;
}

Fragment Nfa::call(uint32_t rule) {
  Fragment made = nothing();
  add_call(made.start, made.end, rule);
  return made;
}

Fragment Nfa::join(std::initializer_list<Fragment> parts) {
  Fragment made = *parts.begin();
  for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
    add_epsilon(made.end, part->start);
    made.end = part->end;
  }
  return made;
}

Fragment Nfa::any_of(std::span<const Fragment> parts) {
  Fragment made = nothing();
  for (const Fragment& part : parts) add_epsilon(made.start, part.start), add_epsilon(part.end, made.end);
  return made;
}

Fragment Nfa::optional(Fragment part) {
  Fragment made = nothing();
  add_epsilon(made.start, part.start), add_epsilon(part.end, made.end), add_epsilon(made.start, made.end);
  return made;
}

Fragment Nfa::repeat(Fragment part) {
  uint32_t hub = add_state();
  add_epsilon(hub, part.start), add_epsilon(part.end, hub);
  return {hub, hub};
}

Fragment Nfa::repeat(Fragment part, uint32_t first, uint32_t min, uint32_t max) {
  uint32_t last = size();
  if (max == 0) return empty();
  Fragment made = min > 0 ? part : max == kNone ? repeat(part) : optional(part);
  for (uint32_t i = 1; i < min && !budget_.is_spent(); ++i) made = join({made, copy(part, first, last)});
  if (max == kNone) return min > 0 ? join({made, repeat(copy(part, first, last))}) : made;
  // Each further one only after the one before, so that there is one way to read a word.
  uint32_t end = made.end;
  std::vector<uint32_t> ends = {end};
  for (uint32_t i = min > 0 ? min : 1; i < max && !budget_.is_spent(); ++i) {
    Fragment more = copy(part, first, last);
    add_epsilon(end, more.start);
    ends.push_back(end = more.end);
  }
  uint32_t exit = add_state();
  for (uint32_t each : ends) add_epsilon(each, exit);
  return {made.start, exit};
}

Fragment Nfa::copy(Fragment part, uint32_t first, uint32_t last) {
  uint32_t offset = size() - first;
  for (uint32_t state = first; state < last; ++state) add_state();
  for (uint32_t state = first; state < last && !budget_.is_spent(); ++state)
    for (uint32_t i = first_[state]; i != kNone && !budget_.is_spent(); i = edges_[i].next) {
      Edge edge = edges_[i];
      if (edge.to < first || edge.to >= last) continue;  // leaves the part: what was added around it
      edge.to += offset;
      add(state + offset, edge);
    }
  return {part.start + offset, part.end + offset};
}

}  // namespace tenon::grammar
