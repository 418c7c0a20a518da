#include <tests/testing/cache_bench.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

// Two paged and three recurrent layers of unequal needs, and one that keeps both. A unit is 320 bytes: a slot
// of the largest state, or a page of 5 tokens.
const std::vector<tenon_needs> kMixed = {cache_needs(0, 310), cache_needs(24, 0),  cache_needs(0, 200),
                                         cache_needs(0, 64),  cache_needs(16, 16), cache_needs(20, 0)};
constexpr uint64_t kUnit = 320;
constexpr uint32_t kSlots = 4, kPageTokens = 5;

// Nothing is kept beyond a sequence's life; prefix_test.cpp has the rest.
const std::map<std::string, ConfigValue> kPlain = {{"prefix_cache", false}};

struct Cache : CacheBench {
  explicit Cache(uint64_t units, std::vector<tenon_needs> needs = kMixed) : CacheBench(kPlain) {
    Status planned = plan(cache_limits(4, 60), std::move(needs), units * kUnit);
    EXPECT_TRUE(planned.ok()) << planned.error().text;
  }
};

TEST(HybridPaged, APageIsAsManyBytesAsASlot) {
  Cache cache(100);
  EXPECT_EQ(cache.layout().page_tokens, kPageTokens);
  EXPECT_EQ(cache.layout().pool_bytes, 100 * kUnit);
  for (const tenon_placement& place : cache.placements()) {
    EXPECT_EQ(place.page_stride, kUnit);
    EXPECT_EQ(place.slot_stride, kUnit);
  }
}

TEST(HybridPaged, Qwen3NextLosesLessThanThreePercent) {
  for (uint64_t element_bytes : {2, 4}) {  // of keys and values
    std::vector<tenon_needs> needs;
    for (int i = 0; i < 48; ++i)
      needs.push_back(i % 4 == 3 ? cache_needs(1024 * element_bytes, 0) : cache_needs(0, 2195456));
    needs.push_back(cache_needs(1024 * element_bytes, 0));  // of the speculator
    CacheBench cache(kPlain);
    ASSERT_TRUE(cache.plan(cache_limits(8, 262144), needs, uint64_t{40} << 30).ok());
    EXPECT_EQ(cache.layout().page_tokens, element_bytes == 2 ? 82u : 41u);
    EXPECT_EQ(cache.placements()[0].slot_stride, 2195456u);
    EXPECT_EQ(cache.placements()[3].page_stride, 2195456u);
    double used = static_cast<double>(cache.layout().page_tokens * 13 * 1024 * element_bytes);
    EXPECT_LT(1 - used / 2195456, 0.03) << element_bytes;
  }
}

TEST(HybridPaged, TakesNoMoreThanAllSequencesCanUse) {
  CacheBench cache(kPlain);
  ASSERT_TRUE(cache.plan(cache_limits(4, 60), kMixed, UINT64_MAX).ok());
  // Each: a state per layer and token of a decode with 4 drafts, and pages for 60 + 4 + 1 positions.
  EXPECT_EQ(cache.layout().pool_bytes, 4 * (kSlots * 5 + 13) * kUnit);
  EXPECT_EQ(cache.layout().pages_max, 13u);
}

TEST(HybridPaged, PageTokensAreTakenAsGiven) {
  for (auto [page_tokens, unit] : {std::pair{1, 320}, {3, 320}, {5, 320}, {6, 384}, {64, 3840}}) {
    CacheBench cache({{"page_tokens", int64_t{page_tokens}}, {"prefix_cache", false}});
    ASSERT_TRUE(cache.plan(cache_limits(4, 60), kMixed, 1 << 20).ok());
    EXPECT_EQ(cache.layout().page_tokens, static_cast<uint32_t>(page_tokens));
    EXPECT_EQ(cache.placements()[0].slot_stride, static_cast<uint64_t>(unit)) << page_tokens;
    random_walk(cache, 1, 300);
  }
}

TEST(HybridPaged, WithoutRecurrentLayersAPageHoldsSixtyFourTokens) {
  CacheBench cache(kPlain);
  ASSERT_TRUE(cache.plan(cache_limits(4, 200), {cache_needs(24, 0), cache_needs(8, 0)}, 10 * 64 * 32).ok());
  EXPECT_EQ(cache.layout().page_tokens, 64u);
  EXPECT_EQ(cache.room_for(65), 5u);
  EXPECT_GT(random_walk(cache, 2, 2000).not_reserved, 0u);
  EXPECT_EQ(cache.room_for(65), 5u);
}

TEST(HybridPaged, WithoutPagedLayersThereAreOnlySlots) {
  CacheBench cache(kPlain);
  ASSERT_TRUE(cache.plan(cache_limits(4, 60), {cache_needs(0, 100), cache_needs(0, 128)}, 21 * 128).ok());
  EXPECT_EQ(cache.layout().page_tokens, 0u);
  EXPECT_EQ(cache.room_for(60), 10u);
  EXPECT_GT(random_walk(cache, 3, 2000).not_reserved, 0u);
  EXPECT_EQ(cache.room_for(60), 10u);
}

TEST(HybridPaged, ATokenLargerThanASlotGetsAPageOfItsOwn) {
  CacheBench cache(kPlain);
  ASSERT_TRUE(cache.plan(cache_limits(2, 20), {cache_needs(1000, 0), cache_needs(0, 64)}, 60 * 1024).ok());
  EXPECT_EQ(cache.layout().page_tokens, 1u);
  EXPECT_EQ(cache.placements()[1].slot_stride, 1024u);
  random_walk(cache, 4, 500);
}

TEST(HybridPaged, TooLittleMemoryIsSaidInNumbers) {
  CacheBench cache(kPlain);
  expect_refused(cache.plan(cache_limits(4, 60), kMixed, 5 * kUnit - 1), TENON_OUT_OF_MEMORY,
                 "the pool is 1599 bytes, one sequence needs at least 5 units of 320");
  EXPECT_TRUE(cache.plan(cache_limits(4, 60), kMixed, 5 * kUnit).ok());
}

TEST(HybridPaged, ASequenceThatCanNeverFitIsInvalid) {
  Cache cache(kSlots + 6);
  expect_refused(cache.admit(1, 10, 31), TENON_INVALID, "31 tokens need 3520 bytes, the cache has 3200");
  EXPECT_TRUE(cache.admit(1, 10, 30).ok());
  Cache large(1000);
  EXPECT_EQ(large.admit(1, 10, 66).error().code, TENON_INVALID) << "more than context and drafts";
  EXPECT_TRUE(large.admit(1, 10, 65).ok());
}

TEST(HybridPaged, APromptThatDoesNotFitNowIsOutOfMemory) {
  Cache cache(2 * kSlots + 6);
  ASSERT_TRUE(cache.start(1, 16, 20).ok());  // 4 slots, 4 pages
  expect_refused(cache.admit(2, 11, 20), TENON_OUT_OF_MEMORY, "needs 7 units, 6 are free");
  EXPECT_TRUE(cache.admit(2, 10, 20).ok());
  cache.release(2), cache.release(1);
  EXPECT_TRUE(cache.admit(2, 11, 20).ok());
}

TEST(HybridPaged, AFailedReserveChangesNothing) {
  Cache cache(kSlots + 5);
  ASSERT_TRUE(cache.start(1, 14, 25).ok());  // 4 slots, 3 pages, 2 units free
  ASSERT_TRUE(cache.reserve(1, 1, TENON_DECODE).ok());
  expect_refused(cache.reserve(1, 2, TENON_DECODE), TENON_OUT_OF_MEMORY, "needs 5 units, 2 are free");
  expect_refused(cache.reserve(1, 1, TENON_DECODE, 11), TENON_OUT_OF_MEMORY, "needs 3 units, 2 are free");
  cache.step({1});  // what was reserved first
  ASSERT_TRUE(cache.commit(1, 1).ok());
  EXPECT_TRUE(cache.reserve(1, 1, TENON_DECODE, 9).ok());
}

TEST(HybridPaged, AReservationMayBeReplacedByOneOfEqualSize) {
  Cache cache(kSlots + 5 + kSlots);
  ASSERT_TRUE(cache.start(1, 14, 25).ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(cache.reserve(1, 2, TENON_DECODE).ok()) << i;
  cache.step({1});
  EXPECT_TRUE(cache.commit(1, 2).ok());
}

TEST(HybridPaged, PlainDecodingTakesNoFurtherSlot) {
  Cache cache(kSlots + 12);
  ASSERT_TRUE(cache.start(1, 10, 60).ok());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(cache.reserve(1, 1, TENON_DECODE).ok()) << i;
    cache.step({1});
    EXPECT_EQ(cache.sequences().at(1).saves[0], std::vector{cache.sequences().at(1).current[0]});
    ASSERT_TRUE(cache.commit(1, 1).ok());
  }
}

TEST(HybridPaged, PagesBecomeSlotsAndSlotsPages) {
  Cache cache(5 * (kSlots + 1));
  EXPECT_EQ(cache.room_for(1), 5u);
  ASSERT_TRUE(cache.start(9, 60, 60).ok());  // 16 units
  EXPECT_EQ(cache.room_for(1), 1u);
  cache.release(9);
  EXPECT_EQ(cache.room_for(1), 5u);
}

TEST(HybridPaged, FreedMemoryIsReportedOnceBeforeItIsUsedAgain) {
  Cache cache(3 * kSlots + 8);
  ASSERT_TRUE(cache.start(1, 12, 20).ok());
  ASSERT_TRUE(cache.start(2, 2, 40).ok());
  EXPECT_TRUE(cache.freed().empty());
  cache.release(1);
  ASSERT_TRUE(cache.start(3, 12, 20).ok());  // takes what was freed
  EXPECT_EQ(cache.freed().size(), kSlots + 3);
  ASSERT_TRUE(cache.reserve(2, 1, TENON_DECODE).ok());
  cache.step({2});
  EXPECT_TRUE(cache.freed().empty());
}

TEST(HybridPaged, RejectedDraftsFreeTheirSlots) {
  Cache cache(100);
  ASSERT_TRUE(cache.start(1, 6, 40).ok());
  ASSERT_TRUE(cache.reserve(1, 5, TENON_DECODE).ok());
  cache.step({1});
  ASSERT_TRUE(cache.commit(1, 2).ok());  // of five states one is kept
  ASSERT_TRUE(cache.reserve(1, 1, TENON_DECODE).ok());
  cache.step({1});
  EXPECT_EQ(cache.freed().size(), 4 * kSlots);
}

TEST(HybridPaged, RefusesWhatDoesNotFollow) {
  Cache cache(100);
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
  expect_refused(cache.commit(1, 8), TENON_INVALID, "sequence 1 has reserved 0 tokens, 8 cannot be kept");
  cache.release(77);  // unknown: nothing happens
}

TEST(HybridPaged, RandomWalksKeepEveryPromise) {
  WalkCounts all;
  for (uint32_t seed = 0; seed < 6; ++seed) {
    Cache cache(30 + 15 * seed);
    std::vector<uint32_t> room = {cache.room_for(1), cache.room_for(20), cache.room_for(60)};
    WalkCounts counts = random_walk(cache, seed, 3000);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_EQ((std::vector{cache.room_for(1), cache.room_for(20), cache.room_for(60)}), room)
        << "seed " << seed;
    all.steps += counts.steps, all.not_admitted += counts.not_admitted, all.not_reserved += counts.not_reserved;
    all.replaced += counts.replaced, all.rejected_drafts += counts.rejected_drafts;
  }
  for (uint32_t count : {all.steps, all.not_admitted, all.not_reserved, all.replaced, all.rejected_drafts})
    EXPECT_GT(count, 100u) << "the walk leaves something out";
}

}  // namespace
}  // namespace tenon::testing
