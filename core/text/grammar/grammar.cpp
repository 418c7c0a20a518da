#include <tenon/text/grammar/grammar.hpp>

#include <algorithm>
#include <new>

namespace tenon::grammar {

size_t Grammar::bytes() const {
  std::lock_guard lock(mutex_);
  return automaton_.bytes() + kept_bytes_;
}

// Counters that are far from their bounds are alike: no token reaches so far.
uint64_t Grammar::key_of(Stack::Frame frame) const {
  const Automaton::RuleInfo& rule = automaton_.rules[automaton_.states[frame.state].rule];
  uint64_t least = 0, most = 0, far = tokens_->depth();
  if (rule.is_counted) {
    least = std::min<uint64_t>(far, rule.count_min - std::min(rule.count_min, frame.count));
    most = std::min<uint64_t>(far, rule.count_max - frame.count);
  }
  return frame.state | least << 32 | most << 48;
}

const Grammar::Kept* Grammar::find(uint64_t key) const {
  std::lock_guard lock(mutex_);
  auto at = kept_.find(key);
  return at == kept_.end() ? nullptr : &at->second;
}

const Grammar::Kept* Grammar::keep(uint64_t key, const Kept& kept) const try {
  size_t bytes = kept.mask.size() * sizeof(uint64_t) + kept.exits.size() * sizeof(uint32_t) + 128;
  std::lock_guard lock(mutex_);
  if (kept_bytes_ + bytes > kMaskBytesMax) return nullptr;
  auto [at, is_new] = kept_.try_emplace(key, kept);
  if (is_new) kept_bytes_ += bytes;
  return &at->second;
} catch (const std::bad_alloc&) {
  return nullptr;
}

Matcher::Matcher(std::shared_ptr<const Grammar> grammar)
    : grammar_(std::move(grammar)),
      stack_(grammar_->automaton(), grammar_->tokens().depth()),
      inner_(grammar_->automaton(), grammar_->tokens().depth(), Grammar::kKeptDepth),
      marks_(grammar_->tokens().depth() + 1),
      mask_(grammar_->tokens().mask_words()) {
  scratch_.mask.resize(mask_.size());
  scratch_.exits.reserve(grammar_->tokens().nodes().size());
}

std::span<const uint64_t> Matcher::allowed() noexcept {
  if (!is_known_) compute();
  is_known_ = true;
  return allowed_;
}

bool Matcher::accept(int32_t token) noexcept {
  std::string_view bytes = grammar_->tokens().bytes_of(token);
  if (bytes.empty()) has_failed_ = true, is_known_ = false;
  return accept_bytes(bytes);
}

bool Matcher::accept_bytes(std::string_view bytes) noexcept {
  is_known_ = false;
  for (char byte : bytes) {
    if (!has_failed_) has_failed_ = stack_.step(static_cast<uint8_t>(byte)) != Stack::Outcome::kTaken;
    stack_.forget();
  }
  if (!has_failed_) stack_.leave_ended();
  return !has_failed_;
}

void Matcher::compute() {
  allowed_ = mask_;
  const Grammar::Kept* known = has_failed_ ? nullptr : kept();
  if (known && (known->exits.empty() || stack_.depth() == 1)) {
    allowed_ = known->mask;
    return;
  }
  std::fill(mask_.begin(), mask_.end(), 0);
  if (has_failed_) return;
  if (!known) return walk(stack_, 1, grammar_->tokens().nodes()[0].end, mask_, nullptr);
  std::copy(known->mask.begin(), known->mask.end(), mask_.begin());
  add_exits(*known);
}

// NULL where the stack is too deep, or a token would make it so.
const Grammar::Kept* Matcher::kept() {
  if (stack_.depth() > Grammar::kKeptDepth) return nullptr;
  uint64_t key = grammar_->key_of(stack_.top());
  const Grammar::Kept* known = grammar_->find(key);
  if (!known) {
    std::fill(scratch_.mask.begin(), scratch_.mask.end(), 0);
    scratch_.exits.clear();
    inner_.restart(stack_.top());
    walk(inner_, 1, grammar_->tokens().nodes()[0].end, scratch_.mask, &scratch_.exits);
    scratch_.is_exact = !inner_.has_hit_limit();
    known = grammar_->keep(key, scratch_);
    if (!known) known = &scratch_;
  }
  return known->is_exact ? known : nullptr;
}

void Matcher::add_exits(const Grammar::Kept& kept) {
  Stack::Mark here = stack_.mark();
  for (uint32_t node : kept.exits) {
    stack_.leave();
    walk(stack_, node, grammar_->tokens().nodes()[node].end, mask_, nullptr);
    stack_.take_back(here);
  }
}

// Of the nodes [first, last), a subtree or several beside each other.
void Matcher::walk(Stack& stack, uint32_t first, uint32_t last, std::span<uint64_t> mask,
                   std::vector<uint32_t>* exits) {
  const TokenTrie& tokens = grammar_->tokens();
  std::span<const TokenTrie::Node> nodes = tokens.nodes();
  Stack::Mark here = stack.mark();
  if (first < last) marks_[nodes[first].depth - 1u] = here;
  for (uint32_t i = first; i < last;) {
    const TokenTrie::Node& node = nodes[i];
    stack.take_back(marks_[node.depth - 1u]);
    Stack::Outcome outcome = stack.step(node.byte);
    if (outcome == Stack::Outcome::kTaken) {
      marks_[node.depth] = stack.mark();
      for (uint32_t token : tokens.tokens_of(i++)) mask[token / 64] |= uint64_t{1} << (token % 64);
    } else {
      if (outcome == Stack::Outcome::kLeft && exits) exits->push_back(i);
      i = node.end;
    }
  }
  stack.take_back(here);
}

}  // namespace tenon::grammar
