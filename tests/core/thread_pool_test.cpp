#include <tenon/base/thread_pool.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>

namespace tenon {
namespace {

// Runs one job and notes what its task was called with. Plain memory on purpose: whoever reads after
// parallel_for has returned must see what the workers wrote, which ThreadSanitizer checks.
struct Record {
  struct Range {
    uint32_t begin, end;
  };

  Record(ThreadPool& pool, uint32_t count, uint32_t grain) : ranges(pool.threads()), busy(pool.threads()) {
    pool.parallel_for(
        count, grain,
        [](void* ctx, uint32_t begin, uint32_t end, uint32_t worker) noexcept {
          static_cast<Record*>(ctx)->note(begin, end, worker);
        },
        this);
  }

  void note(uint32_t begin, uint32_t end, uint32_t worker) {
    if (worker >= ranges.size()) return void(bad_worker = true);
    if (busy[worker].exchange(true)) shared_worker = true;
    ranges[worker].push_back({begin, end});
    busy[worker] = false;
  }

  // All ranges by their beginning.
  std::vector<Range> sorted() const {
    std::vector<Range> all;
    for (const auto& part : ranges) all.insert(all.end(), part.begin(), part.end());
    std::sort(all.begin(), all.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    return all;
  }

  std::vector<std::vector<Range>> ranges;  // by worker
  std::vector<std::atomic<bool>> busy;
  std::atomic<bool> bad_worker{false}, shared_worker{false};
};

// Every index once, no range longer than the grain or empty.
void expect_cover(const Record& record, uint32_t count, uint32_t grain) {
  uint64_t at = 0;
  for (const Record::Range& range : record.sorted()) {
    ASSERT_EQ(range.begin, at) << "count " << count << ", grain " << grain;
    ASSERT_GT(range.end, range.begin);
    ASSERT_LE(range.end - range.begin, std::max(grain, 1u));
    at = range.end;
  }
  EXPECT_EQ(at, count) << "grain " << grain;
  EXPECT_FALSE(record.bad_worker);
  EXPECT_FALSE(record.shared_worker);
}

TEST(ThreadPool, GivesEveryIndexOnceAndRespectsTheGrain) {
  for (uint32_t threads = 1; threads <= 8; ++threads) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (uint32_t count : {0u, 1u, 2u, 7u, 63u, 64u, 65u, 1000u})
      for (uint32_t grain : {0u, 1u, 3u, 64u, 5000u}) expect_cover(Record(pool, count, grain), count, grain);
  }
}

TEST(ThreadPool, CoversCountsThatFill32Bits) {
  // The index after the last range does not fit into 32 bits.
  for (uint32_t threads : {1u, 2u, 4u}) {
    ThreadPool pool(threads);
    for (auto [count, grain] : {std::pair{UINT32_MAX, UINT32_MAX - 1},
                                {UINT32_MAX, 3'000'000'000u},
                                {4'000'000'000u, 2'500'000'000u},
                                {UINT32_MAX, UINT32_MAX},
                                {3'000'000'000u, 1u << 30}})
      expect_cover(Record(pool, count, grain), count, grain);
  }
}

TEST(ThreadPool, RunsManySmallJobsInARow) {
  for (uint32_t threads : {1u, 2u, 3u, 8u}) {
    ThreadPool pool(threads);
    std::vector<uint32_t> hits(64);
    uint32_t jobs = threads > 2 ? 1000 : 20'000;
    auto task = [](void* ctx, uint32_t begin, uint32_t end, uint32_t) noexcept {
      for (uint32_t i = begin; i < end; ++i) ++(*static_cast<std::vector<uint32_t>*>(ctx))[i];
    };
    for (uint32_t job = 0; job < jobs; ++job) pool.parallel_for(1 + job % 64, 1 + job % 5, task, &hits);
    uint64_t expected = 0;
    for (uint32_t job = 0; job < jobs; ++job) expected += 1 + job % 64;
    EXPECT_EQ(std::accumulate(hits.begin(), hits.end(), uint64_t{0}), expected) << threads;
  }
}

TEST(ThreadPool, WakesWorkersThatHaveGoneToSleep) {
  ThreadPool pool(4);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    expect_cover(Record(pool, 100, 1), 100, 1);
  }
}

TEST(ThreadPool, MayEndBeforeItHasWorkedOrSlept) {
  for (int i = 0; i < 200; ++i) ThreadPool pool(1 + i % 4);
  for (int i = 0; i < 50; ++i) {
    ThreadPool pool(3);
    expect_cover(Record(pool, 10, 2), 10, 2);
  }
}

TEST(ThreadPoolDeathTest, NeedsAThread) {
  EXPECT_DEATH(ThreadPool pool(0), "threads >= 1 does not hold: threads is 0");
}

}  // namespace
}  // namespace tenon
