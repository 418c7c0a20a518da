// The engine in its steady state: decoding allocates nothing. The program's own operator new counts, also what
// the core and the plugins ask for.
#include <tests/testing/model_bench.hpp>
#include <tests/testing/test_constraint.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<uint64_t> g_allocations{0};

void* counted(std::size_t bytes) {
  ++g_allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace tenon::testing {
namespace {

constexpr uint32_t kWarmSteps = 40, kSteps = 40;

// What `kSteps` steps of four sequences that all decode ask for.
uint64_t allocations_of(const Tweak& tweak, double temperature) {
  TestModel model("tiny", tweak);
  for (uint32_t i = 0; i < 4; ++i) {
    Request request = make_request(20 + i, 1000, i, temperature);
    request.sampling.presence_penalty = 0.1;
    request.sampling.repetition_penalty = 1.1;
    if (i % 2) request.constraint = hash_constraint(3, 1000);
    EXPECT_TRUE(model.engine().submit(request, [](const TokenEvent&) {}).ok());
  }
  for (uint32_t i = 0; i < kWarmSteps; ++i) model.engine().step();
  uint64_t before = g_allocations;
  for (uint32_t i = 0; i < kSteps; ++i) model.engine().step();
  return g_allocations - before;
}

TEST(Allocation, IsCounted) {
  uint64_t before = g_allocations;
  delete new int;
  EXPECT_EQ(g_allocations - before, 1u);
}

TEST(Allocation, ASteadyDecodeStepAsksForNothing) {
  for (double temperature : {0.0, 0.8}) EXPECT_EQ(allocations_of({}, temperature), 0u) << temperature;
}

TEST(Allocation, NorDoesOneThatVerifiesDrafts) {
  for (uint32_t drafts : {1u, 3u})
    EXPECT_EQ(allocations_of(
                  [&](ModelDescription& description) {
                    description.speculative->draft_tokens = drafts;
                    description.speculative->adaptive = false;
                  },
                  0),
              0u)
        << drafts;
}

TEST(Allocation, NorDoesOneThatReadsExperts) {
  EXPECT_EQ(allocations_of(
                [](ModelDescription& description) { description.weights.expert_cache_bytes = 100'000; }, 0),
            0u);
}

}  // namespace
}  // namespace tenon::testing
