// A cache manager with a watch over every call: who owns what, how much was done, and refusals on request. It
// stands between the engine and the manager's own table, so what is new in the interface passes through. One
// cache at a time. Works for managers whose pages and slots are numbers of units of one size.
#pragma once
#include <tenon/abi/tenon_cache_manager.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tenon::sim {

inline constexpr const char* kWatchedCache = "watched_cache";

// The plugin, for PluginRegistry::add. inner: the manager to watch.
const tenon_plugin& watched_cache_plugin(const tenon_plugin& inner);
// Whether the manager that is watched has this key of configuration.
bool cache_has_key(const std::string& key);

// What has been seen of a cache since it was created.
struct CacheWatch {
  std::string fault;                       // the first contradiction; empty if there is none
  std::map<uint64_t, uint64_t> sequences;  // those admitted, and the salt of each
  uint64_t admissions = 0, refusals = 0, tokens_committed = 0, tokens_found = 0;
  bool is_verbose = false;

  // How the pool is cut: a unit is a page, or the state of one recurrent layer.
  uint64_t units = 0, unit_bytes = 0;
  uint32_t page_tokens = 0, pages_max = 1;
  std::vector<uint32_t> slotted;  // layers that keep a state
  // Units of a sequence of so many positions that has no drafts.
  uint64_t units_for(uint64_t positions) const {
    return slotted.size() + (page_tokens ? (positions + page_tokens - 1) / page_tokens : 0);
  }

  // Pages and states that were kept for later, and given up.
  uint64_t evictions() const;
  // "" if no sequence owns anything any more, and otherwise what is wrong.
  std::string fault_at_end();

  // The watch's own.
  void* self = nullptr;
  const tenon_host* host = nullptr;
  uint64_t refuse_every = 0, calls = 0;
  std::vector<int64_t> writers, readers;  // [units] of pages in this step: a row of the step, or -1
};

// The next cache to be created reports to `watch`, until another call. REQUIRES: it lives as long as the cache.
void watch_next_cache(CacheWatch& watch);

}  // namespace tenon::sim
