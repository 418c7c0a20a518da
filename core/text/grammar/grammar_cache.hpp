// Compiled grammars of one vocabulary, kept for requests that ask for the same. What was not asked for longest
// goes first, once all together take more than bytes_max; texts that follow it keep it alive. Thread: any.
#pragma once
#include <tenon/text/grammar/compile.hpp>
#include <tenon/text/grammar/grammar.hpp>

#include <list>
#include <string>
#include <unordered_map>

namespace tenon::grammar {

class GrammarCache {
 public:
  explicit GrammarCache(std::shared_ptr<const TokenTrie> tokens, CompileLimits limits = {},
                        size_t bytes_max = 64 << 20)
      : tokens_(std::move(tokens)), limits_(limits), bytes_max_(bytes_max) {}

  // Compiles what it does not have, in this thread. Errors are not kept.
  Result<std::shared_ptr<const Grammar>> get(const Specification& specification);

  struct Stats {
    size_t grammars, bytes, hits, misses;
  };
  Stats stats() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Grammar> grammar;
  };
  std::shared_ptr<const Grammar> find(const std::string& key);
  size_t bytes() const;

  const std::shared_ptr<const TokenTrie> tokens_;
  const CompileLimits limits_;
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the last asked for first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  size_t hits_ = 0, misses_ = 0;
};

}  // namespace tenon::grammar
