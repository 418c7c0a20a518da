#include "simulation.hpp"

#include "plugins/definition.hpp"

#include <algorithm>
#include <cstdio>

namespace tenon::sim {
namespace {

// The oldest request gets a token, or ends, within so many steps; but where there are priorities, many others
// may go before it.
constexpr uint64_t kWaitMax = 200, kWaitMaxWithPriorities = 20000;

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

Simulation::Simulation(Workshop& workshop, uint64_t seed, bool is_verbose)
    : workshop_(workshop), seed_(seed), is_verbose_(is_verbose), random_(mix(seed, 100)) {
  settings_ = choose_settings(random_);
  workload_ = std::make_unique<Workload>(random_, settings_);
  requests_ = random_.between(50, 200);
  arrival_percent_ = random_.pick<uint32_t>({3, 10, 30, 100});
  burst_max_ = random_.pick<uint32_t>({1, 1, 3, 20});
  cancel_percent_ = random_.pick<uint32_t>({0, 1, 2, 5});
  watch_.is_verbose = is_verbose;
}

std::string Simulation::run(Tally& tally) {
  Status prepared = prepare();
  if (!prepared.ok()) fail("cannot be prepared: " + prepared.error().text);
  while (fault_.empty() && (trackers_.size() < requests_ || !live_.empty())) tick();
  if (fault_.empty()) finale();
  if (fault_.empty())
    if (std::string fault = watch_.fault_at_end(); !fault.empty()) fail(fault);
  count(tally);
  return fault_;
}

// Assembles twice: a plan of all the memory that could be used says how large its units are.
Status Simulation::prepare() {
  CacheWatch plan_watch;
  watch_next_cache(plan_watch);
  {
    Settings unlimited = settings_;
    unlimited.memory_bytes = uint64_t{1} << 40;
    TENON_TRY(auto plan, workshop_.assemble(unlimited, WeightSource::kNone));
    uint64_t largest = plan_watch.units_for(settings_.context + settings_.draft_tokens);
    uint64_t some = std::max(largest / 2, plan_watch.units_for(1));
    uint64_t units = plan_watch.units;
    if (random_.chance(75))
      units = random_.between(static_cast<uint32_t>(some),
                              static_cast<uint32_t>(some + largest * settings_.sequences_max / 2));
    settings_.memory_bytes = units * plan_watch.unit_bytes;
  }
  say(settings_.text() + ", " + std::to_string(requests_) + " requests");
  watch_next_cache(watch_);
  TENON_TRY(assembly_, workshop_.assemble(settings_, WeightSource::kCheckpoint));
  auto clock = [this] { return std::chrono::steady_clock::time_point(std::chrono::seconds(step_)); };
  TENON_TRY(engine_, Engine::make(*assembly_, clock));
  return ok();
}

// One step of virtual time.
void Simulation::tick() {
  ++step_;
  submit_some();
  cancel_some();
  uint64_t events_before = events_, committed_before = watch_.tokens_committed;
  bool had_work = !live_.empty();
  bool more = engine_->step();
  if (!fault_.empty()) return;
  if (!watch_.fault.empty()) return fail(watch_.fault);
  if (more && !had_work) return fail("a step says it did something, but nothing was there to be done");
  if (had_work) check_progress(more, events_before, committed_before);
  check_waiting();
}

void Simulation::submit_some() {
  if (trackers_.size() == requests_) return;
  if (!live_.empty() && !random_.chance(arrival_percent_)) return;
  uint32_t count = random_.between(1, burst_max_);
  for (uint32_t i = 0; i < count && trackers_.size() < requests_; ++i) submit(workload_->next());
  if (random_.chance(2)) submit_unservable();
}

void Simulation::submit(Request request) {
  auto number = static_cast<uint32_t>(trackers_.size());
  if (units_needed(request) > watch_.units) return expect_refused(std::move(request));
  Tracker& tracker =
      trackers_.emplace_back(number, std::move(request), settings_, assembly_->tokens_max(), step_);
  live_.push_back(number);
  auto id =
      engine_->submit(tracker.request(), [this, &tracker](const TokenEvent& event) { take(tracker, event); });
  if (!id.ok()) return fail(tracker.title() + " was refused: " + id.error().text);
  ids_.push_back(id.value());
  say("submit " + std::to_string(id.value()) + ": " + tracker.title());
}

void Simulation::submit_unservable() { expect_refused(unservable_request(random_, settings_.context)); }

void Simulation::expect_refused(Request request) {
  ++unservable_;
  auto id = engine_->submit(std::move(request),
                            [this](const TokenEvent&) { fail("an event of a request that was refused"); });
  if (id.ok()) fail("a request that cannot be served was taken");
}

void Simulation::cancel_some() {
  if (!random_.chance(cancel_percent_)) return;
  if (random_.chance(10)) return engine_->cancel(1'000'000 + random_.below(10));  // nobody's
  if (trackers_.empty()) return;  // all that came so far was too large
  const Tracker& tracker = random_.chance(10) || live_.empty() ? trackers_[random_.below(trackers_.size())]
                                                               : trackers_[random_.pick(live_)];
  cancel(tracker);
  if (random_.chance(20)) cancel(tracker);  // twice is as good as once
}

void Simulation::cancel(const Tracker& tracker) {
  Tracker& mutable_tracker = trackers_[tracker.number()];
  if (!mutable_tracker.has_ended()) mutable_tracker.note_cancel(step_);
  say("cancel " + std::to_string(ids_[tracker.number()]));
  engine_->cancel(ids_[tracker.number()]);
}

void Simulation::take(Tracker& tracker, const TokenEvent& event) {
  ++events_;
  if (event.request != ids_[tracker.number()]) return fail(tracker.title() + ": got the event of another");
  if (is_verbose_)
    say("event " + std::to_string(event.request) + ": " + std::to_string(event.token) +
        (event.is_last ? std::string(" ") + name_of(event.reason) + " " + event.error : ""));
  std::string fault = tracker.take(event, step_);
  if (!fault.empty()) return fail(tracker.title() + ": " + fault);
  if (random_.below(1000) < cancel_percent_) cancel(tracker);  // from within an event, maybe the last one
  if (!tracker.has_ended()) return;
  live_.erase(std::find(live_.begin(), live_.end(), tracker.number()));
  // From within a last event, another one.
  if (!live_.empty() && random_.chance(cancel_percent_)) cancel(trackers_[random_.pick(live_)]);
  if (tracker.reason() == FinishReason::kError) return judge_error(tracker);
  if (random_.chance(50)) workload_->keep(tracker.tokens());
}

// A request may end with an error for three reasons only.
void Simulation::judge_error(const Tracker& tracker) {
  if (tracker.is_late()) return;
  const std::string& error = tracker.error();
  if (contains(error, "failpoint") && (settings_.fail_every || settings_.refuse_every)) return;
  if (contains(error, "the cache has no room") && settings_.refuse_every) return;
  fail(tracker.title() + ": ended with the error \"" + error + '"');
}

uint64_t Simulation::units_needed(const Request& request) const {
  uint64_t room = settings_.context - request.prompt.size();
  uint64_t answer = request.max_tokens ? std::min<uint64_t>(request.max_tokens, room) : 1;
  return watch_.units_for(request.prompt.size() + answer + settings_.draft_tokens);
}

void Simulation::check_progress(bool more, uint64_t events_before, uint64_t committed_before) {
  if (events_ == events_before && watch_.tokens_committed == committed_before)
    return fail("a step did nothing, although " + std::to_string(live_.size()) + " requests wait");
  if (!more && !live_.empty()) fail("a step says that nothing is left, but requests wait");
  if (live_.empty() && !watch_.sequences.empty())
    fail("no request is left, but the cache holds " + std::to_string(watch_.sequences.size()) + " sequences");
}

void Simulation::check_waiting() {
  for (uint32_t number : live_)
    if (trackers_[number].deadline() <= step_) return fail(trackers_[number].title() + ": is late and goes on");
  for (uint32_t number : live_)
    if (trackers_[number].is_cancelled() && trackers_[number].cancelled_at() + 1 < step_)
      return fail(trackers_[number].title() + ": was cancelled at step " +
                  std::to_string(trackers_[number].cancelled_at()) + " and has not ended");
  if (live_.empty()) return;
  if (live_.front() != oldest_) oldest_ = live_.front(), oldest_since_ = step_;
  const Tracker& oldest = trackers_[oldest_];
  uint64_t wait = step_ - std::max(oldest.last_event_at(), oldest_since_);
  if (!settings_.priorities) longest_wait_ = std::max(longest_wait_, wait);
  if (wait > (settings_.priorities ? kWaitMaxWithPriorities : kWaitMax))
    fail(oldest.title() + ": the oldest of all, has had nothing for " + std::to_string(wait) + " steps");
}

// When all is over, one request that takes all the memory there is (or all of the context) still has room.
void Simulation::finale() {
  if (settings_.fail_every || settings_.refuse_every) return;
  Request request;
  request.sampling.temperature = 0;
  request.max_tokens = 8;
  request.prompt.assign(1, kEndOfPrompt);
  while (request.prompt.size() + request.max_tokens < settings_.context &&
         units_needed(request) <= watch_.units)
    request.prompt.insert(request.prompt.begin(), static_cast<int32_t>(random_.below(kAnswerTokens)));
  request.prompt.erase(request.prompt.begin());
  if (request.prompt.empty()) return;
  cancel_percent_ = 0;
  submit(std::move(request));
  while (fault_.empty() && !live_.empty()) tick();
  if (fault_.empty() && trackers_.back().reason() == FinishReason::kError)
    fail(trackers_.back().title() + ": alone in the cache, ended with the error \"" + trackers_.back().error() +
         '"');
}

void Simulation::count(Tally& tally) const {
  ++tally.seeds;
  tally.requests += trackers_.size(), tally.steps += step_, tally.unservable += unservable_;
  tally.tokens_found += watch_.tokens_found, tally.evictions += watch_.evictions();
  if (engine_) {
    EngineStats stats = engine_->stats();
    tally.drafted += stats.drafted, tally.accepted += stats.accepted, tally.preemptions += stats.preemptions;
  }
  tally.longest_wait = std::max(tally.longest_wait, longest_wait_);
  for (const Tracker& tracker : trackers_) {
    tally.tokens += tracker.received();
    if (!tracker.has_ended()) continue;
    if (tracker.reason() == FinishReason::kCancelled)
      ++tally.cancelled;
    else if (tracker.reason() != FinishReason::kError)
      ++tally.complete;
    else if (tracker.is_late())
      ++tally.late;
    else if (contains(tracker.error(), "failpoint"))
      ++tally.failed_on_purpose;
    else if (contains(tracker.error(), "no room"))
      ++tally.without_room;
    else
      ++tally.too_large;
  }
}

void Simulation::fail(const std::string& text) {
  if (fault_.empty())
    fault_ = "seed " + std::to_string(seed_) + ", step " + std::to_string(step_) + ": " + text;
}

void Simulation::say(const std::string& text) const {
  if (is_verbose_) std::printf("%lu: %s\n", step_, text.c_str());
}

}  // namespace tenon::sim
