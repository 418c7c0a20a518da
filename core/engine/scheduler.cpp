#include <tenon/engine/scheduler.hpp>

#include <algorithm>

namespace tenon {
namespace {

constexpr const char* kNoRoom =
    "out of memory: the cache has no room for the next token, although nothing else runs";

}  // namespace

Scheduler::Scheduler(const tenon_limits& limits, uint32_t chunk_tokens, uint32_t model_dim, Cache& cache)
    : limits_(limits), chunk_tokens_(chunk_tokens), model_dim_(model_dim), cache_(cache) {
  work_.reserve(limits.sequences_max), chosen_.reserve(limits.sequences_max);
}

void Scheduler::add(Sequences arrivals) {
  for (Sequence& sequence : arrivals) {
    sequence.arrival = steps_;
    earliest_deadline_ = std::min(earliest_deadline_, sequence.deadline);
  }
  waiting_.splice(waiting_.end(), arrivals);
}

Sequences Scheduler::take(const Sequence& sequence) {
  Sequences taken;
  auto is_it = [&](const Sequence& other) { return &other == &sequence; };
  taken.splice(taken.end(), running_, std::find_if(running_.begin(), running_.end(), is_it));
  cache_.release(sequence.id);
  return taken;
}

void Scheduler::cancel(uint64_t id) {
  for (Sequences* sequences : {&running_, &waiting_})
    for (Sequence& sequence : *sequences)
      if (sequence.id == id) sequence.is_cancelled = has_cancelled_ = true;
}

Sequences Scheduler::take_cancelled() {
  if (!std::exchange(has_cancelled_, false)) return {};
  return take_if([](const Sequence& sequence) { return sequence.is_cancelled; });
}

Sequences Scheduler::take_all() {
  return take_if([](const Sequence&) { return true; });
}

Sequences Scheduler::take_late(std::chrono::steady_clock::time_point now) {
  if (now < earliest_deadline_) return {};
  earliest_deadline_ = std::chrono::steady_clock::time_point::max();
  return take_if([&](const Sequence& sequence) {
    bool is_late = sequence.deadline <= now;
    if (!is_late) earliest_deadline_ = std::min(earliest_deadline_, sequence.deadline);
    return is_late;
  });
}

template <class Condition>
Sequences Scheduler::take_if(Condition&& condition) {
  Sequences taken;
  auto take_from = [&](Sequences& sequences) {
    for (auto at = sequences.begin(); at != sequences.end();)
      if (auto one = at++; condition(*one)) taken.splice(taken.end(), sequences, one);
  };
  take_from(running_);
  for (const Sequence& sequence : taken) cache_.release(sequence.id);
  take_from(waiting_);
  return taken;
}

bool Scheduler::is_chosen(const Sequence& sequence) const {
  return std::find(chosen_.begin(), chosen_.end(), &sequence) != chosen_.end();
}

std::span<const Work> Scheduler::choose(Sequences& failed) {
  ++steps_;
  for (;;) {
    work_.clear(), chosen_.clear();
    budget_ = limits_.tokens_per_step_max;
    choose_decodes();
    choose_prompts();
    admit_waiting(failed);
    if (!work_.empty() || running_.empty()) return work_;
    // What runs holds all memory and cannot go on with it. The oldest goes on alone, or never can.
    if (preempt_youngest(running_.front())) continue;
    set_reason(running_.front().failure, kNoRoom);
    failed.splice(failed.end(), take(running_.front()));
  }
}

void Scheduler::choose_decodes() {
  for (Sequence& sequence : running_) {
    if (!sequence.is_decoding()) continue;
    while (!add_work(sequence) && preempt_youngest(sequence)) {
    }
  }
}

void Scheduler::choose_prompts() {
  for (Sequence& sequence : running_)
    if (!sequence.is_decoding()) add_work(sequence);
}

// Of those that wait, the first by priority, time of waiting and arrival.
Sequences::iterator Scheduler::first_waiting() {
  auto rank = [&](const Sequence& sequence) {
    return int64_t{sequence.request.priority} -
           static_cast<int64_t>((steps_ - sequence.arrival) / kStepsPerPriority);
  };
  return std::min_element(waiting_.begin(), waiting_.end(),
                          [&](const Sequence& a, const Sequence& b) { return rank(a) < rank(b); });
}

void Scheduler::admit_waiting(Sequences& failed) {
  while (!waiting_.empty() && running_.size() < limits_.sequences_max && budget_ > chunk_tokens_) {
    auto first = first_waiting();
    Sequence& sequence = *first;
    auto computed = admit(sequence);
    if (!computed.ok() && computed.error().code == TENON_OUT_OF_MEMORY && !running_.empty()) return;
    if (!computed.ok()) {
      set_reason(sequence.failure, computed.error().text);
      failed.splice(failed.end(), waiting_, first);
      continue;
    }
    sequence.computed = computed.value();
    // The pair at the place where it begins is of a hidden state that somebody else computed; it is learned
    // without.
    sequence.paired = std::max(computed.value(), 1u);
    running_.splice(running_.end(), waiting_, first);
    add_work(sequence);
  }
}

// With the memory of its own that its steps need.
Result<uint32_t> Scheduler::admit(Sequence& sequence) try {
  uint32_t drafts = limits_.draft_tokens_max;
  sequence.tokens.reserve(size_t{sequence.prompt_tokens()} + sequence.max_tokens);
  sequence.drafts.reserve(drafts), sequence.to_verify.reserve(1 + drafts);
  if (drafts > 0) sequence.last_hidden.reserve(model_dim_);
  return cache_.admit(sequence.id, sequence.request.prompt, sequence.request.salt, sequence.tokens.size(),
                      uint64_t{sequence.prompt_tokens()} + sequence.max_tokens + drafts);
} catch (const std::bad_alloc&) {
  return Error{TENON_OUT_OF_MEMORY, kOutOfMemory};
}

// The youngest that is not in the step already, and is not the one that needs the memory. It waits in front of
// the others.
bool Scheduler::preempt_youngest(const Sequence& beneficiary) {
  for (auto at = std::prev(running_.end()); &*at != &beneficiary; --at) {
    if (is_chosen(*at)) continue;
    ++preemptions_;
    cache_.release(at->id);
    at->start_over();
    waiting_.splice(waiting_.begin(), running_, at);
    return true;
  }
  return false;
}

// Returns false if the sequence has to sit this step out.
bool Scheduler::add_work(Sequence& sequence) {
  if (sequence.is_prefilling()) return add_tokens(sequence, prefill_tokens(sequence), TENON_PREFILL);
  if (!sequence.is_decoding())
    return add_tokens(sequence, std::min(sequence.left(), budget_ - std::min(budget_, extra_pairs(sequence))),
                      TENON_DECODE);
  uint32_t drafts = static_cast<uint32_t>(sequence.drafts.size());
  return add_decode(sequence, drafts) || (drafts > 0 && add_decode(sequence, 0));
}

bool Scheduler::add_decode(Sequence& sequence, uint32_t drafts) {
  sequence.drafts.resize(drafts);
  sequence.to_verify.assign(1, sequence.tokens.back());
  sequence.to_verify.insert(sequence.to_verify.end(), sequence.drafts.begin(), sequence.drafts.end());
  return add_tokens(sequence, 1 + drafts, TENON_DECODE);
}

bool Scheduler::add_tokens(Sequence& sequence, uint32_t count, int32_t phase) {
  uint32_t cost = count + extra_pairs(sequence);
  if (count == 0 || cost > budget_) return false;
  const int32_t* tokens =
      sequence.is_decoding() ? sequence.to_verify.data() : sequence.tokens.data() + sequence.computed;
  Work work{sequence.id, tokens, count, sequence.computed, phase, sequence.drafts.empty()};
  uint32_t end = work.first + count;
  // New guesses are stored behind what the step computes, if there is room.
  sequence.has_draft_room =
      limits_.draft_tokens_max > 0 && cache_.try_reserve(work, end + limits_.draft_tokens_max);
  if (!sequence.has_draft_room && !cache_.try_reserve(work, end)) return false;
  work_.push_back(work), chosen_.push_back(&sequence);
  budget_ -= cost;
  return true;
}

// The speculator learns a pair per token of the step, and one more where a sequence begins with what another
// computed.
uint32_t Scheduler::extra_pairs(const Sequence& sequence) const {
  return limits_.draft_tokens_max > 0 ? sequence.computed + 1 - sequence.paired : 0;
}

uint32_t Scheduler::prefill_tokens(const Sequence& sequence) const {
  uint32_t left = sequence.prompt_tokens() - sequence.computed, extra = extra_pairs(sequence);
  uint32_t room = budget_ > extra ? budget_ - extra : 0;
  if (left <= room) return left;
  uint32_t end = (sequence.computed + room) / chunk_tokens_ * chunk_tokens_;
  return end > sequence.computed ? end - sequence.computed : 0;
}

}  // namespace tenon
