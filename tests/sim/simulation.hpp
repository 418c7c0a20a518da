// One simulation: an engine over the hash model, requests and cancellations at random moments of a virtual time
// that counts steps. The seed decides everything; nothing else does.
#pragma once
#include "tracker.hpp"
#include "watched_cache.hpp"
#include "workload.hpp"

#include <deque>

namespace tenon::sim {

// What all simulations together came to.
struct Tally {
  uint64_t seeds = 0, requests = 0, tokens = 0, steps = 0;
  uint64_t complete = 0, cancelled = 0, failed_on_purpose = 0, without_room = 0, too_large = 0, late = 0,
           unservable = 0;
  uint64_t drafted = 0, accepted = 0, preemptions = 0, evictions = 0;
  uint64_t tokens_found = 0;  // of prompts, in the cache at admission
  uint64_t longest_wait = 0;  // steps in which the oldest request got nothing, without priorities

  bool operator==(const Tally&) const = default;
};

class Simulation {
 public:
  Simulation(Workshop& workshop, uint64_t seed, bool is_verbose);

  // Returns "", or one line that says what differed. Adds what was done to `tally`.
  std::string run(Tally& tally);

 private:
  Status prepare();
  void tick();
  void submit_some();
  void submit(Request request);
  void submit_unservable();
  void expect_refused(Request request);
  void cancel_some();
  void cancel(const Tracker& tracker);
  void take(Tracker& tracker, const TokenEvent& event);
  void judge_error(const Tracker& tracker);
  void check_progress(bool more, uint64_t events_before, uint64_t committed_before);
  void check_waiting();
  void finale();
  void count(Tally& tally) const;
  void fail(const std::string& text);
  void say(const std::string& text) const;

  uint64_t units_needed(const Request& request) const;

  Workshop& workshop_;
  uint64_t seed_;
  bool is_verbose_;
  Random random_;
  Settings settings_;
  std::unique_ptr<Workload> workload_;
  uint32_t requests_ = 0, arrival_percent_ = 0, burst_max_ = 1, cancel_percent_ = 0;
  CacheWatch watch_;
  std::unique_ptr<Assembly> assembly_;
  std::deque<Tracker> trackers_;  // in order of submission
  std::deque<uint64_t> ids_;      // the engine's, of each
  std::vector<uint32_t> live_;    // numbers of those that have not ended, in order
  std::unique_ptr<Engine> engine_;
  uint32_t oldest_ = 0;  // of live_ ...
  uint64_t oldest_since_ = 0;
  uint64_t step_ = 0, events_ = 0, longest_wait_ = 0, unservable_ = 0;
  std::string fault_;
};

}  // namespace tenon::sim
