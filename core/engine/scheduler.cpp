#include <tenon/engine/scheduler.hpp>

#include <algorithm>

namespace tenon {

void Scheduler::add(std::unique_ptr<Sequence> sequence) {
  sequence->arrival = steps_;
  by_id_.emplace(sequence->id, sequence.get());
  waiting_.push_back(std::move(sequence));
}

std::unique_ptr<Sequence> Scheduler::remove(uint64_t id) {
  if (by_id_.erase(id) == 0) return nullptr;
  auto is_it = [&](const std::unique_ptr<Sequence>& sequence) { return sequence->id == id; };
  std::unique_ptr<Sequence> found;
  if (auto at = std::find_if(running_.begin(), running_.end(), is_it); at != running_.end()) {
    found = std::move(*at);
    running_.erase(at);
    cache_.release(id);
  } else {
    auto place = std::find_if(waiting_.begin(), waiting_.end(), is_it);
    found = std::move(*place);
    waiting_.erase(place);
  }
  return found;
}

Sequence* Scheduler::find(uint64_t id) {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<uint64_t> Scheduler::ids() const {
  std::vector<uint64_t> ids;
  for (const auto& [id, sequence] : by_id_) ids.push_back(id);
  return ids;
}

bool Scheduler::is_chosen(uint64_t id) const {
  return std::any_of(work_.begin(), work_.end(), [&](const Work& work) { return work.sequence == id; });
}

std::span<const Work> Scheduler::choose(std::vector<Failure>& failed) {
  ++steps_;
  for (;;) {
    work_.clear();
    budget_ = limits_.tokens_per_step_max;
    choose_decodes();
    choose_prompts();
    admit_waiting(failed);
    if (!work_.empty() || running_.empty()) return work_;
    // What runs holds all memory and cannot go on with it. The oldest goes on alone, or never can.
    if (preempt_youngest(*running_.front())) continue;
    uint64_t stuck = running_.front()->id;
    failed.push_back({remove(stuck), "the cache has no room for the next token, although nothing else runs"});
  }
}

void Scheduler::choose_decodes() {
  for (auto at = running_.begin(); at != running_.end(); ++at) {
    Sequence& sequence = **at;
    if (!sequence.is_decoding()) continue;
    while (!add_work(sequence) && preempt_youngest(sequence)) {
    }
  }
}

void Scheduler::choose_prompts() {
  for (const auto& sequence : running_)
    if (!sequence->is_decoding()) add_work(*sequence);
}

// Of those that wait, the first by priority, time of waiting and arrival.
std::deque<std::unique_ptr<Sequence>>::iterator Scheduler::first_waiting() {
  auto rank = [&](const std::unique_ptr<Sequence>& sequence) {
    return int64_t{sequence->request.priority} -
           static_cast<int64_t>((steps_ - sequence->arrival) / kStepsPerPriority);
  };
  return std::min_element(waiting_.begin(), waiting_.end(),
                          [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

void Scheduler::admit_waiting(std::vector<Failure>& failed) {
  while (!waiting_.empty() && running_.size() < limits_.sequences_max && budget_ > chunk_tokens_) {
    auto first = first_waiting();
    Sequence& sequence = **first;
    uint64_t positions = uint64_t{sequence.prompt_tokens()} + sequence.max_tokens + limits_.draft_tokens_max;
    auto computed = cache_.admit(sequence.id, sequence.request.prompt, sequence.request.salt,
                                 sequence.tokens.size(), positions);
    if (!computed.ok() && computed.error().code == TENON_OUT_OF_MEMORY && !running_.empty()) return;
    std::unique_ptr<Sequence> taken = std::move(*first);
    waiting_.erase(first);
    if (!computed.ok()) {
      by_id_.erase(taken->id);
      failed.push_back({std::move(taken), computed.error().text});
      continue;
    }
    sequence.computed = computed.value();
    // The pair at the place where it begins is of a hidden state that somebody else computed; it is learned
    // without.
    sequence.paired = std::max(computed.value(), 1u);
    sequence.tokens.reserve(size_t{sequence.prompt_tokens()} + sequence.max_tokens);
    running_.push_back(std::move(taken));
    add_work(sequence);
  }
}

// The youngest that is not in the step already, and is not the one that needs the memory. It waits in front of
// the others.
bool Scheduler::preempt_youngest(const Sequence& beneficiary) {
  for (auto at = std::prev(running_.end()); at->get() != &beneficiary; --at) {
    if (is_chosen((*at)->id)) continue;
    ++preemptions_;
    cache_.release((*at)->id);
    (*at)->start_over();
    waiting_.push_front(std::move(*at));
    running_.erase(at);
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
      limits_.draft_tokens_max > 0 && cache_.reserve(work, end + limits_.draft_tokens_max).ok();
  if (!sequence.has_draft_room && !cache_.reserve(work, end).ok()) return false;
  work_.push_back(work);
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
