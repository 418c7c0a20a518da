// Memory runs out at the n-th allocation, for every n: requests end with an error or are refused, all others
// get their answer to the bit, and nothing is lost. The program's own operator new fails, also for what the
// core and the plugins ask for.
#include <tests/sim/hash_model.hpp>
#include <tests/sim/plugins/definition.hpp>
#include <tests/testing/model_bench.hpp>

#include <tenon/engine/async_engine.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

// Allocations from now on, of which those numbered [g_fail_from, g_fail_end) fail. Only while g_is_armed.
std::atomic<uint64_t> g_allocations{0}, g_fail_from{0}, g_fail_end{0}, g_failed{0};
std::atomic<bool> g_is_armed{false};
thread_local int t_exempt = 0;

void* allocate(std::size_t bytes) {
  if (g_is_armed && t_exempt == 0) {
    uint64_t number = ++g_allocations;
    if (number >= g_fail_from && number < g_fail_end) {
      ++g_failed;
      throw std::bad_alloc();
    }
  }
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tenon::testing {
namespace {

constexpr uint32_t kAnswer = 12;
constexpr uint64_t kStepsMax = 2000;
constexpr size_t kCancelled = 4;  // the request that is cancelled on the way

// The test's own memory never fails.
struct Exempt {
  Exempt() { ++t_exempt; }
  ~Exempt() { --t_exempt; }
};

// Allocations fail from the n-th on, `count` of them, while it lives.
struct Shortage {
  Shortage(uint64_t n, uint64_t count) {
    g_allocations = g_failed = 0, g_fail_from = n, g_fail_end = n + count;
    g_is_armed = true;
  }
  ~Shortage() { g_is_armed = false; }
};

struct Ending {
  Outcome outcome;
  uint32_t ends = 0;
  bool is_refused = false;
};

using Expected = std::vector<Outcome>;

// What runs, and what it is asked. Every n gets an engine of its own.
struct Scene {
  std::string name;
  std::function<std::unique_ptr<Assembly>()> assemble;
  std::vector<Request> requests;
  uint64_t stride = 1;  // between the numbers tried
};

void take(Ending& ending, const TokenEvent& event) {
  Exempt exempt;
  Outcome& outcome = ending.outcome;
  EXPECT_EQ(ending.ends, 0u) << "an event after the last";
  if (event.token >= 0) outcome.tokens.push_back(event.token), outcome.logprobs.push_back(event.logprob);
  if (event.is_last) outcome.reason = event.reason, outcome.error = event.error, ++ending.ends;
}

Request copy_of(const Request& request) {
  Exempt exempt;
  return request;
}

// Submits all, and runs until nothing is left.
std::vector<Ending> run(Engine& engine, const std::vector<Request>& requests) {
  std::vector<Ending> endings;
  uint64_t cancelled = 0, steps = 0;
  {
    Exempt exempt;
    endings.resize(requests.size());
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    auto id = engine.submit(copy_of(requests[i]), [&, i](const TokenEvent& event) { take(endings[i], event); });
    endings[i].is_refused = !id.ok();
    if (i == kCancelled && id.ok()) cancelled = id.value();
  }
  while (engine.step() && ++steps < kStepsMax)
    if (steps == 6) engine.cancel(cancelled);
  EXPECT_LT(steps, kStepsMax);
  return endings;
}

bool is_beginning(const Outcome& outcome, const Outcome& whole) {
  size_t tokens = outcome.tokens.size();
  return tokens <= whole.tokens.size() &&
         std::equal(outcome.tokens.begin(), outcome.tokens.end(), whole.tokens.begin()) &&
         std::equal(outcome.logprobs.begin(), outcome.logprobs.end(), whole.logprobs.begin());
}

// Whether it ended for want of memory; everything else must be as expected.
bool judge(const Ending& ending, const Outcome& expected) {
  EXPECT_EQ(ending.ends, ending.is_refused ? 0u : 1u);
  if (ending.is_refused) return true;
  bool has_failed = ending.outcome.reason == FinishReason::kError;
  if (has_failed) {
    EXPECT_NE(ending.outcome.error.find("out of memory"), std::string::npos) << ending.outcome.error;
    EXPECT_TRUE(is_beginning(ending.outcome, expected));
  } else if (expected.reason == FinishReason::kCancelled) {
    EXPECT_EQ(ending.outcome.reason, FinishReason::kCancelled);
  } else {
    EXPECT_EQ(ending.outcome, expected);
  }
  return has_failed;
}

Expected outcomes_of(const std::vector<Ending>& endings) {
  Expected outcomes;
  for (const Ending& ending : endings) outcomes.push_back(ending.outcome);
  return outcomes;
}

void expect_whole(Engine& engine) {
  Status status = engine.check();
  EXPECT_TRUE(status.ok()) << status.error().text;
  EXPECT_EQ(engine.stats().cache.used_by_sequences, 0u);
  EXPECT_EQ(engine.requests(), 0u);
}

// Returns how many allocations failed.
uint64_t fail_once(const Scene& scene, const Expected& expected, uint64_t n, uint64_t count) {
  auto assembly = scene.assemble();
  auto made = Engine::make(*assembly);
  Engine& engine = *made.value();
  std::vector<Ending> endings;
  {
    Shortage shortage(n, count);
    endings = run(engine, scene.requests);
  }
  uint64_t failed = g_failed, ended = 0;
  for (size_t i = 0; i < endings.size(); ++i) ended += judge(endings[i], expected[i]);
  EXPECT_TRUE(failed > 0 || ended == 0);
  expect_whole(engine);
  endings = run(engine, scene.requests);
  for (size_t i = 0; i < endings.size(); ++i)
    EXPECT_FALSE(judge(endings[i], expected[i])) << "afterwards: " << endings[i].outcome.error;
  expect_whole(engine);
  return failed;
}

void fail_everywhere(const Scene& scene, uint64_t count) {
  auto assembly = scene.assemble();
  auto engine = Engine::make(*assembly);
  Expected expected = outcomes_of(run(*engine.value(), scene.requests));
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(expected[i].tokens.size() < kAnswer, i == kCancelled) << i << " " << expected[i].error;
  uint64_t n = 1;
  while (fail_once(scene, expected, n, count) > 0) {
    if (::testing::Test::HasFailure()) FAIL() << scene.name << ": at allocation " << n;
    n += scene.stride;
  }
  std::printf("%s: %lu numbers tried, %lu allocations fail each time\n", scene.name.c_str(), n / scene.stride,
              count);
}

// The same through streams, all of them read to their end.
std::vector<Ending> run(AsyncEngine& engine, const std::vector<Request>& requests) {
  std::vector<Ending> endings;
  std::vector<std::optional<TokenStream>> streams;
  {
    Exempt exempt;
    endings.resize(requests.size()), streams.reserve(requests.size());
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    auto stream = engine.submit(copy_of(requests[i]));
    endings[i].is_refused = !stream.ok();
    streams.emplace_back();
    if (stream.ok()) streams.back().emplace(std::move(stream).value());
  }
  for (size_t i = 0; i < requests.size(); ++i)
    while (auto event = streams[i] ? streams[i]->next() : std::nullopt) take(endings[i], *event);
  return endings;
}

uint64_t fail_async(const Scene& scene, const Expected& expected, uint64_t n, uint64_t count) {
  auto assembly = scene.assemble();
  auto engine = AsyncEngine::make(*assembly);
  std::vector<Ending> endings;
  {
    Shortage shortage(n, count);
    endings = run(*engine.value(), scene.requests);
  }
  uint64_t failed = g_failed;
  for (size_t i = 0; i < endings.size(); ++i) judge(endings[i], expected[i]);
  endings = run(*engine.value(), scene.requests);
  for (size_t i = 0; i < endings.size(); ++i)
    EXPECT_FALSE(judge(endings[i], expected[i])) << "afterwards: " << endings[i].outcome.error;
  return failed;
}

Request hash_request(uint32_t opening, uint32_t length, uint32_t seed) {
  Request request;
  for (uint32_t i = 0; i + 1 < length; ++i)
    request.prompt.push_back(static_cast<int32_t>((i * 7 + (i < opening ? 0 : seed)) % sim::kAnswerTokens));
  request.prompt.push_back(sim::kEndOfPrompt);
  request.sampling.temperature = 0;
  request.max_tokens = kAnswer;
  request.wants_logprobs = true;
  return request;
}

// Prompts that begin alike and leave each other, one twice, more than run at a time.
std::vector<Request> hash_requests() {
  std::vector<Request> requests;
  for (uint32_t i = 0; i < 6; ++i) requests.push_back(hash_request(64 * (i % 3), 60 + 35 * i, i + 1));
  requests.push_back(requests[3]);
  return requests;
}

Scene hash_scene(const std::string& name, const sim::Settings& settings) {
  static sim::Workshop workshop;
  auto assemble = [settings] {
    auto assembly = workshop.assemble(settings, WeightSource::kCheckpoint);
    EXPECT_TRUE(assembly.ok()) << assembly.error().text;
    return std::move(assembly).value();
  };
  return {name, assemble, hash_requests()};
}

sim::Settings hash_settings() {
  sim::Settings settings;
  settings.sequences_max = 3, settings.tokens_per_step = 120, settings.context = 320;
  settings.page_tokens = 16, settings.prefix_bytes = 20000, settings.snapshot_tokens = 64;
  settings.draft_tokens = 2, settings.is_watched = false;
  return settings;
}

TEST(AllocationFailure, EndsRequestsAndNothingElse) {
  Scene scene = hash_scene("drafts and shared prompts", hash_settings());
  fail_everywhere(scene, 1);
}

TEST(AllocationFailure, MayLastForManyAllocations) {
  Scene scene = hash_scene("drafts and shared prompts", hash_settings());
  for (uint64_t count : {2, 10, 1000}) fail_everywhere(scene, count);
}

TEST(AllocationFailure, MayMeetRequestsThatGiveWay) {
  sim::Settings settings = hash_settings();
  settings.draft_tokens = 0, settings.prefix_bytes = 0;
  uint64_t pool = hash_scene("", settings).assemble()->cache_layout().plan.pool_bytes;
  // The least memory that serves all, with one giving way to another.
  for (uint64_t percent = 35; percent < 90; ++percent) {
    settings.memory_bytes = pool * percent / 100;
    Scene scene = hash_scene("memory for few", settings);
    auto assembly = scene.assemble();
    if (assembly->tokens_max() < settings.context) continue;
    auto engine = Engine::make(*assembly);
    run(*engine.value(), scene.requests);
    if (engine.value()->stats().preemptions == 0) continue;
    for (uint64_t count : {1, 5}) fail_everywhere(scene, count);
    return;
  }
  FAIL() << "none gives way";
}

TEST(AllocationFailure, MayMeetAnswersThatAreKept) {
  sim::Settings settings = hash_settings();
  settings.reuse_decoded = true;
  Scene scene = hash_scene("answers reused", settings);
  for (uint64_t count : {1, 5}) fail_everywhere(scene, count);
}

TEST(AllocationFailure, ReachesReadersThroughTheirStreams) {
  Scene scene = hash_scene("streams", hash_settings());
  auto assembly = scene.assemble();
  auto engine = AsyncEngine::make(*assembly);
  Expected expected = outcomes_of(run(*engine.value(), scene.requests));
  for (uint64_t count : {1, 10})
    for (uint64_t n = 1; fail_async(scene, expected, n, count) > 0 && !HasFailure(); n += 3) {
    }
}

}  // namespace
}  // namespace tenon::testing
