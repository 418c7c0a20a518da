#include <tests/testing/cache_bench.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

// Two paged layers, one of them with a state as well, and two recurrent ones.
const std::vector<tenon_needs> kMixed = {cache_needs(0, 310), cache_needs(24, 0), cache_needs(16, 16),
                                         cache_needs(0, 64)};
// Of one sequence: 60 + 4 + 1 positions and 5 states, each layer's share rounded up to 64 bytes.
constexpr uint64_t kRegion = 1600 + 1088 + 5 * (320 + 64 + 64);

struct Cache : CacheBench {
  explicit Cache(uint64_t bytes = UINT64_MAX) {
    Status planned = plan(cache_limits(4, 60), kMixed, bytes);
    EXPECT_TRUE(planned.ok()) << planned.error().text;
  }
};

TEST(Contiguous, ASequencesPagesAreOneRegion) {
  Cache cache;
  EXPECT_EQ(cache.layout().pages_max, 1u);
  EXPECT_EQ(cache.layout().page_tokens, 65u);
  EXPECT_EQ(cache.layout().pool_bytes, 4 * kRegion);
  EXPECT_EQ(cache.room_for(1), 4u);
}

TEST(Contiguous, TakesAsManyRegionsAsFit) {
  Cache cache(3 * kRegion - 1);
  EXPECT_EQ(cache.layout().pool_bytes, 2 * kRegion);
  EXPECT_EQ(cache.room_for(60), 2u);
}

TEST(Contiguous, TooLittleMemoryIsSaidInNumbers) {
  CacheBench cache;
  expect_refused(cache.plan(cache_limits(4, 60), kMixed, kRegion - 1), TENON_OUT_OF_MEMORY,
                 "the pool is 4927 bytes, one sequence of the whole context needs 4928");
}

TEST(Contiguous, WithoutRecurrentLayersThereAreOnlyPages) {
  CacheBench cache;
  ASSERT_TRUE(cache.plan(cache_limits(3, 40), {cache_needs(24, 0), cache_needs(8, 0)}, UINT64_MAX).ok());
  EXPECT_GT(random_walk(cache, 2, 2000).steps, 500u);
  EXPECT_EQ(cache.room_for(40), 3u);
}

TEST(Contiguous, WithoutPagedLayersThereAreOnlySlots) {
  CacheBench cache;
  ASSERT_TRUE(cache.plan(cache_limits(3, 40), {cache_needs(0, 100), cache_needs(0, 64)}, UINT64_MAX).ok());
  EXPECT_EQ(cache.layout().page_tokens, 0u);
  EXPECT_GT(random_walk(cache, 3, 2000).steps, 500u);
  EXPECT_EQ(cache.room_for(40), 3u);
}

TEST(Contiguous, WithoutSpeculationTheStateStaysInPlace) {
  CacheBench cache;
  ASSERT_TRUE(cache.plan(cache_limits(2, 40, 0), kMixed, UINT64_MAX).ok());
  ASSERT_TRUE(cache.start(1, 10, 40).ok());
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(cache.reserve(1, 1, TENON_DECODE).ok()) << i;
    cache.step({1});
    EXPECT_EQ(cache.sequences().at(1).saves[0], std::vector{cache.sequences().at(1).current[0]});
    ASSERT_TRUE(cache.commit(1, 1).ok());
  }
}

TEST(Contiguous, ASequenceLongerThanARegionIsInvalid) {
  Cache cache;
  expect_refused(cache.admit(1, 10, 66), TENON_INVALID, "66 tokens are too many, a region holds 65");
  EXPECT_TRUE(cache.admit(1, 10, 65).ok());
}

TEST(Contiguous, WithEveryRegionTakenThereIsNoRoomNow) {
  Cache cache(kRegion);
  ASSERT_TRUE(cache.admit(1, 1, 60).ok());
  expect_refused(cache.admit(2, 1, 60), TENON_OUT_OF_MEMORY, "every region is taken");
  cache.release(1);
  EXPECT_TRUE(cache.admit(2, 1, 60).ok());
}

TEST(Contiguous, FreedMemoryIsReportedOnceBeforeItIsUsedAgain) {
  Cache cache(2 * kRegion);
  ASSERT_TRUE(cache.start(1, 12, 20).ok());
  ASSERT_TRUE(cache.start(2, 2, 40).ok());
  EXPECT_TRUE(cache.freed().empty());
  cache.release(1);
  ASSERT_TRUE(cache.start(3, 12, 20).ok());  // takes what was freed
  uint64_t freed = 0;
  for (const tenon_range& range : cache.freed()) freed += range.bytes;
  EXPECT_EQ(freed, kRegion);
  ASSERT_TRUE(cache.reserve(2, 1, TENON_DECODE).ok());
  cache.step({2});
  EXPECT_TRUE(cache.freed().empty());
}

TEST(Contiguous, AFailedReserveChangesNothing) {
  Cache cache;
  ASSERT_TRUE(cache.start(1, 14, 65).ok());
  ASSERT_TRUE(cache.reserve(1, 3, TENON_DECODE).ok());
  expect_refused(cache.reserve(1, 1, TENON_DECODE, 51), TENON_INVALID, "position 66 is beyond the context");
  EXPECT_EQ(cache.reserve(1, 6, TENON_DECODE).error().code, TENON_INVALID) << "more than the drafts planned";
  cache.step({1});  // what was reserved first
  EXPECT_TRUE(cache.commit(1, 3).ok());
}

TEST(Contiguous, RefusesWhatDoesNotFollow) {
  Cache cache;
  expect_refused(cache.reserve(1, 1, TENON_DECODE), TENON_INVALID, "sequence 1 is not admitted");
  expect_refused(cache.commit(1, 1), TENON_INVALID, "sequence 1 is not admitted");
  ASSERT_TRUE(cache.admit(1, 10, 20).ok());
  expect_refused(cache.admit(1, 10, 20), TENON_INVALID, "sequence 1 is already admitted");
  expect_refused(cache.commit(1, 1), TENON_INVALID, "sequence 1 has reserved 0 tokens, 1 cannot be kept");
  ASSERT_TRUE(cache.reserve(1, 8, TENON_PREFILL).ok());
  cache.step({1});
  for (uint32_t tokens : {0, 7, 9})
    EXPECT_EQ(cache.commit(1, tokens).error().code, TENON_INVALID) << tokens << " of a prefill of 8";
  ASSERT_TRUE(cache.commit(1, 8).ok());
  cache.release(77);  // unknown: nothing happens
}

TEST(Contiguous, RandomWalksKeepEveryPromise) {
  WalkCounts all;
  for (uint32_t seed = 0; seed < 6; ++seed) {
    Cache cache((1 + seed % 4) * kRegion);
    WalkCounts counts = random_walk(cache, seed, 3000);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_EQ(cache.room_for(60), 1 + seed % 4) << "seed " << seed;
    all.steps += counts.steps, all.not_admitted += counts.not_admitted, all.replaced += counts.replaced;
    all.rejected_drafts += counts.rejected_drafts;
  }
  for (uint32_t count : {all.steps, all.not_admitted, all.replaced, all.rejected_drafts})
    EXPECT_GT(count, 100u) << "the walk leaves something out";
}

}  // namespace
}  // namespace tenon::testing
