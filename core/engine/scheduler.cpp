#include <tenon/engine/scheduler.hpp>

#include <algorithm>

namespace tenon {

std::unique_ptr<Sequence> Scheduler::remove(uint64_t id) {
  auto is_it = [&](const std::unique_ptr<Sequence>& sequence) { return sequence->id == id; };
  std::unique_ptr<Sequence> found;
  if (auto at = std::find_if(running_.begin(), running_.end(), is_it); at != running_.end()) {
    found = std::move(*at);
    running_.erase(at);
    cache_.release(id);
  } else if (auto place = std::find_if(waiting_.begin(), waiting_.end(), is_it); place != waiting_.end()) {
    found = std::move(*place);
    waiting_.erase(place);
  }
  return found;
}

Sequence* Scheduler::find(uint64_t id) {
  for (const auto& sequence : running_)
    if (sequence->id == id) return sequence.get();
  for (const auto& sequence : waiting_)
    if (sequence->id == id) return sequence.get();
  return nullptr;
}

std::span<const Work> Scheduler::choose(std::vector<Failure>& failed) {
  for (;;) {
    work_.clear();
    budget_ = limits_.tokens_per_step_max;
    choose_running(TENON_DECODE);
    choose_running(TENON_PREFILL);
    admit_waiting(failed);
    if (!work_.empty() || running_.empty()) return work_;
    // Nothing fits, and nothing is going to be freed by waiting: the youngest gives way.
    uint64_t youngest = running_.back()->id;
    failed.push_back(
        {remove(youngest), "the cache has no room for the next token, and no other request can end first"});
  }
}

void Scheduler::choose_running(int32_t phase) {
  for (const auto& sequence : running_)
    if (sequence->is_prefilling() == (phase == TENON_PREFILL)) add_work(*sequence);
}

void Scheduler::admit_waiting(std::vector<Failure>& failed) {
  while (!waiting_.empty() && running_.size() < limits_.sequences_max && budget_ >= chunk_tokens_) {
    Sequence& sequence = *waiting_.front();
    uint64_t positions = uint64_t{sequence.prompt_tokens()} + sequence.max_tokens + limits_.draft_tokens_max;
    auto computed = cache_.admit(sequence.id, sequence.request.prompt, positions);
    if (!computed.ok() && computed.error().code == TENON_OUT_OF_MEMORY && !running_.empty()) return;
    std::unique_ptr<Sequence> taken = std::move(waiting_.front());
    waiting_.pop_front();
    if (!computed.ok()) {
      failed.push_back({std::move(taken), computed.error().text});
      continue;
    }
    sequence.computed = computed.value();
    running_.push_back(std::move(taken));
    add_work(sequence);
  }
}

// Returns false if the sequence has to sit this step out.
bool Scheduler::add_work(Sequence& sequence) {
  bool is_prefill = sequence.is_prefilling();
  uint32_t count = is_prefill ? prefill_tokens(sequence) : 1;
  if (count == 0 || count > budget_) return false;
  Work work{sequence.id, sequence.tokens.data() + sequence.computed, count, sequence.computed,
            is_prefill ? TENON_PREFILL : TENON_DECODE};
  if (!cache_.reserve(work, work.first + count).ok()) return false;
  work_.push_back(work);
  budget_ -= count;
  return true;
}

uint32_t Scheduler::prefill_tokens(const Sequence& sequence) const {
  uint32_t left = sequence.prompt_tokens() - sequence.computed;
  if (left <= budget_) return left;
  uint32_t end = (sequence.computed + budget_) / chunk_tokens_ * chunk_tokens_;
  return end > sequence.computed ? end - sequence.computed : 0;
}

}  // namespace tenon
