#include <tenon/text/grammar/grammar_cache.hpp>

namespace tenon::grammar {

std::shared_ptr<const Grammar> GrammarCache::find(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto at = by_key_.find(key);
  if (at == by_key_.end()) return ++misses_, nullptr;
  ++hits_;
  entries_.splice(entries_.begin(), entries_, at->second);
  return entries_.front().grammar;
}

size_t GrammarCache::bytes() const {
  size_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.grammar->bytes() + entry.key.size();
  return sum;
}

Result<std::shared_ptr<const Grammar>> GrammarCache::get(const Specification& specification) {
  std::string key = specification.key();
  if (auto known = find(key)) return known;
  TENON_TRY(Automaton automaton, compile(specification, limits_));
  auto made = std::make_shared<const Grammar>(std::move(automaton), tokens_);
  std::lock_guard lock(mutex_);
  if (by_key_.contains(key)) return std::shared_ptr<const Grammar>(made);  // another thread was faster
  entries_.push_front({key, made});
  by_key_[key] = entries_.begin();
  for (size_t sum = bytes(); sum > bytes_max_ && entries_.size() > 1; entries_.pop_back()) {
    sum -= std::min(sum, entries_.back().grammar->bytes() + entries_.back().key.size());
    by_key_.erase(entries_.back().key);
  }
  return std::shared_ptr<const Grammar>(made);
}

GrammarCache::Stats GrammarCache::stats() const {
  std::lock_guard lock(mutex_);
  return {entries_.size(), bytes(), hits_, misses_};
}

}  // namespace tenon::grammar
