#include <tenon/engine/drafting.hpp>

#include <algorithm>

namespace tenon {

Drafting::Drafting(const Assembly& assembly, Executor& executor)
    : assembly_(assembly), executor_(executor), batch_(assembly) {
  const tenon_limits& limits = assembly.limits();
  hidden_.resize(size_t{limits.tokens_per_step_max} * assembly.model().shape().model_dim);
  proposed_.resize(size_t{limits.sequences_max} * limits.draft_tokens_max);
  pairs_.reserve(limits.sequences_max), sequences_.reserve(limits.sequences_max);
  histories_.reserve(limits.sequences_max);
}

// How many guesses are of use: none while more of the sequence is known than computed, or beyond its last
// token.
uint32_t Drafting::wanted(const Member& member, uint32_t length) const {
  const Sequence& sequence = *member.sequence;
  if (member.is_finished || !sequence.has_draft_room || !sequence.is_decoding()) return 0;
  uint32_t outputs_left = sequence.max_tokens - sequence.output_tokens();
  return std::min(length, outputs_left - 1);
}

Status Drafting::learn(std::span<const Member> members, uint32_t length) {
  // Sequences that want equally many guesses go together; most of the time that is all of them.
  for (uint32_t count = 0; count <= length; ++count) {
    pairs_.clear(), sequences_.clear(), histories_.clear();
    tokens_ = 0;
    for (const Member& member : members)
      if (wanted(member, length) == count) add_pairs(member);
    TENON_TRY(propose(count));
  }
  return ok();
}

// The pairs that the step made known: positions from `paired` up to the last token whose predecessor is
// computed. That one may lie behind what has memory, and then it is learned after the next step.
void Drafting::add_pairs(const Member& member) {
  Sequence& sequence = *member.sequence;
  uint32_t last = std::min(sequence.computed, static_cast<uint32_t>(sequence.tokens.size()) - 1);
  std::span<const int32_t> history = sequence.tokens;
  // A token that ends an answer is nobody's beginning.
  if (member.is_finished) history = history.first(history.size() - 1);
  if (member.is_finished || !sequence.has_draft_room) last = std::min(last, sequence.computed - 1);
  size_t dim = assembly_.model().shape().model_dim;
  sequence.drafts.clear();
  uint32_t first = sequence.paired;
  for (uint32_t position = first; position <= last; ++position) {
    float* to = hidden_.data() + size_t{tokens_++} * dim;
    if (position > member.first) {
      const float* from = executor_.hidden().row(member.row + (position - 1 - member.first));
      std::copy(from, from + dim, to);
    } else if (!sequence.last_hidden.empty()) {
      std::copy(sequence.last_hidden.begin(), sequence.last_hidden.end(), to);
    } else {
      std::fill(to, to + dim, 0.0f);
    }
  }
  keep_hidden(member);
  if (first > last) return;
  pairs_.push_back({sequence.id, sequence.tokens.data() + first, last - first + 1, first,
                    sequence.is_prefilling() ? TENON_PREFILL : TENON_DECODE});
  sequence.paired = last + 1;
  sequences_.push_back(&sequence), histories_.push_back(history);
}

void Drafting::keep_hidden(const Member& member) {
  Sequence& sequence = *member.sequence;
  const float* from = executor_.hidden().row(member.row + (sequence.computed - 1 - member.first));
  sequence.last_hidden.assign(from, from + assembly_.model().shape().model_dim);
}

Status Drafting::propose(uint32_t count) {
  if (pairs_.empty()) return ok();
  batch_.fill(pairs_, 1);
  Matrix hidden(hidden_.data(), tokens_, assembly_.model().shape().model_dim);
  TENON_TRY(executor_.propose(batch_, hidden, histories_, count, proposed_.data()));
  int32_t vocabulary = static_cast<int32_t>(assembly_.model().shape().vocabulary);
  for (size_t s = 0; s < sequences_.size(); ++s)
    for (uint32_t i = 0; i < count; ++i) {
      int32_t guess = proposed_[s * count + i];
      if (guess < 0 || guess >= vocabulary) break;
      sequences_[s]->drafts.push_back(guess);
    }
  return ok();
}

}  // namespace tenon
