// What prompts leave behind for later ones. Facts first, then random walks in a world that notices any wrong
// memory.
#include "prefix_world.hpp"

namespace tenon::hybrid_paged {
namespace {

TEST(Prefix, TheSamePromptBeginsAtItsLastWholeChunk) {
  World world(kCaching, kAmple);
  EXPECT_EQ(serve(world, numbers(0, 37)), 0u);
  EXPECT_EQ(serve(world, numbers(0, 37)), 32u);
  EXPECT_EQ(serve(world, numbers(0, 32)), 24u) << "one token is left for its logits";
}

TEST(Prefix, ALongerPromptBeginsWhereTheShorterEnded) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 40));
  EXPECT_EQ(serve(world, joined(numbers(0, 40), numbers(500, 30))), 40u);
  EXPECT_EQ(serve(world, joined(numbers(0, 40), numbers(500, 60))), 64u);
}

TEST(Prefix, APromptThatDiffersInTheLastTokensBeginsAChunkEarlier) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 41));
  EXPECT_EQ(serve(world, joined(numbers(0, 39), numbers(500, 30))), 32u);
}

TEST(Prefix, WhereTwoPromptsPartTheThirdBegins) {
  World world(kCaching, kAmple);
  serve(world, joined(numbers(0, 24), numbers(100, 40)));
  EXPECT_EQ(serve(world, joined(numbers(0, 24), numbers(200, 40))), 0u) << "no state was kept there yet";
  EXPECT_EQ(serve(world, joined(numbers(0, 24), numbers(300, 40))), 24u);
}

TEST(Prefix, ALongPromptKeepsStatesOnItsWay) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 150));
  EXPECT_EQ(serve(world, joined(numbers(0, 130), numbers(500, 10))), 128u);
  EXPECT_EQ(serve(world, joined(numbers(0, 100), numbers(600, 10))), 64u);
}

TEST(Prefix, SaltsShareNothing) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 40), 1);
  EXPECT_EQ(serve(world, numbers(0, 40), 2), 0u);
  EXPECT_EQ(serve(world, numbers(0, 40), 1), 32u);
}

TEST(Prefix, WhatADecodeMadeIsNotKept) {
  World world(kCaching, kAmple);
  ASSERT_TRUE(world.admit(1, numbers(0, 20)));
  world.prefill(1);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(world.step(1, 1, 1));
  std::vector<int32_t> all = world.members().at(1).tokens;
  world.release(1);
  EXPECT_EQ(serve(world, joined(all, numbers(900, 5))), 16u);
}

TEST(Prefix, ASequenceThatIsDiscardedLeavesNothing) {
  World world(kCaching, kAmple);
  ASSERT_TRUE(world.admit(1, numbers(0, 60)));
  world.prefill(1);
  ASSERT_TRUE(world.admit(2, numbers(0, 90)));
  world.prefill(2);
  world.release(2);
  world.release(1, true);
  EXPECT_EQ(serve(world, numbers(0, 90)), 0u) << "what was built on it is gone too";
}

TEST(Prefix, ASequenceThatIsDiscardedTakesAlongWhatItBeganWith) {
  World world(kCaching, kAmple);
  ASSERT_TRUE(world.admit(1, numbers(0, 60)));  // cancelled halfway: nobody has seen whether it is any good
  ASSERT_TRUE(world.step(1, 48, 48));
  world.release(1);
  serve(world, joined(numbers(0, 8), numbers(500, 20)));
  serve(world, numbers(1000, 60));
  ASSERT_TRUE(world.admit(2, numbers(0, 60)));
  EXPECT_EQ(world.members().at(2).reused, 48u);
  world.release(2, true);
  EXPECT_EQ(serve(world, numbers(0, 60)), 0u);
  EXPECT_EQ(serve(world, numbers(0, 60)), 56u) << "computed anew";
  EXPECT_EQ(serve(world, numbers(1000, 60)), 56u) << "another path";
}

TEST(Prefix, WhoRunsOnWithMemoryOfADiscardedPathLeavesNothing) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 24));
  for (uint64_t id : {1, 2, 3}) ASSERT_TRUE(world.admit(id, numbers(id == 3 ? 1000 : 0, 60)));
  EXPECT_EQ(world.members().at(2).reused, 24u);
  world.release(1, true);
  for (uint64_t id : {2, 3}) world.prefill(id), world.release(id);
  EXPECT_EQ(serve(world, numbers(1000, 60)), 56u) << "did not begin alike";
  EXPECT_EQ(serve(world, numbers(0, 60)), 0u);
  EXPECT_EQ(serve(world, numbers(0, 60)), 56u);
}

TEST(Prefix, SwitchedOffItKeepsNothing) {
  Settings off = kCaching;
  off.prefix_cache = false, off.prefix_bytes = 0;
  World world(off, kAmple);
  serve(world, numbers(0, 40));
  EXPECT_EQ(serve(world, numbers(0, 40)), 0u);
  EXPECT_EQ(world.manager().stats().kept_for_later, 0u);
}

TEST(Prefix, TheTreeStaysWithinItsBytes) {
  Settings small = kCaching;
  small.prefix_bytes = 40 * 64;  // units of 64 bytes
  World world(small, kAmple);
  for (int32_t i = 0; i < 20; ++i) {
    serve(world, numbers(i * 1000, 60));
    EXPECT_LE(world.manager().stats().kept_for_later, small.prefix_bytes);
  }
  EXPECT_GT(world.manager().stats().pages_evicted, 0u);
  EXPECT_EQ(serve(world, numbers(19000, 60)), 56u) << "the newest is still there";
  EXPECT_EQ(serve(world, numbers(0, 60)), 0u);
}

TEST(Prefix, WhatIsUsedAgainAndAgainIsKept) {
  Settings small = kCaching;
  small.prefix_bytes = 60 * 64;
  World world(small, kAmple);
  serve(world, numbers(0, 60));
  for (int32_t i = 1; i < 20; ++i) {
    serve(world, numbers(i * 1000, 60));
    EXPECT_EQ(serve(world, numbers(0, 60)), 56u) << i;
  }
  EXPECT_EQ(serve(world, numbers(1000, 60)), 0u) << "the others are not";
}

TEST(Prefix, SnapshotsHaveALimitOfTheirOwn) {
  Settings few = kCaching;
  few.snapshot_bytes = 5 * 2 * 64;  // five, of two layers
  World world(few, kAmple);
  for (int32_t i = 0; i < 8; ++i) {
    serve(world, numbers(i * 1000, 60));  // two each
    EXPECT_LE(world.manager().stats().states_kept, few.snapshot_bytes);
  }
  tenon_cache_stats stats = world.manager().stats();
  EXPECT_EQ(stats.states_kept, few.snapshot_bytes);
  EXPECT_EQ(stats.states_evicted, 11u);
  EXPECT_EQ(stats.pages_evicted, 0u) << "pages are not what there are too many of";
  EXPECT_EQ(serve(world, numbers(7000, 60)), 56u);
  EXPECT_EQ(serve(world, numbers(6000, 60)), 56u);
  EXPECT_EQ(serve(world, numbers(0, 60)), 0u);
}

TEST(Prefix, OfSnapshotsThoseThatSequencesBeginWithAreKept) {
  Settings few = kCaching;
  few.snapshot_bytes = 4 * 2 * 64;
  World world(few, kAmple);
  std::vector<int32_t> chat = numbers(0, 60);
  serve(world, chat);
  for (int32_t i = 1; i < 10; ++i) {
    serve(world, numbers(i * 1000, 60));
    // The chat grows; its older snapshots lie on the way, but nobody begins with them.
    uint32_t before = static_cast<uint32_t>(chat.size());
    chat = joined(std::move(chat), numbers(i * 1000 + 500, 8));
    EXPECT_EQ(serve(world, chat), before / 8 * 8) << i;
  }
}

TEST(Prefix, ALimitBelowOneSnapshotIsRefused) {
  Settings none = kCaching;
  none.snapshot_bytes = 127;
  World world(none, kAmple);
  EXPECT_EQ(world.status(), "snapshot_bytes is 127, must be 0 or have room for one snapshot of 128 bytes");
}

TEST(Prefix, ASequenceGetsWhatTheTreeHas) {
  // Room for one sequence of 100 positions and little more: the tree gives way, and the sequence never fails.
  World world(kCaching, (2 + 20 + 4) * 64, 100);
  for (int32_t i = 0; i < 8; ++i) {
    uint64_t id = 100 + static_cast<uint64_t>(i);
    ASSERT_TRUE(world.admit(id, joined(numbers(0, 24), numbers(i * 1000, 16)))) << i;
    world.prefill(id);
    for (int step = 0; step < 60; ++step) ASSERT_TRUE(world.step(id, 1, 1)) << i << " " << step;
    world.release(id);
  }
  EXPECT_EQ(world.status(), "");
}

TEST(Prefix, CountersSayWhatWasReused) {
  World world(kCaching, kAmple);
  serve(world, numbers(0, 40));
  serve(world, numbers(0, 41));
  tenon_cache_stats stats = world.manager().stats();
  EXPECT_EQ(stats.prompt_tokens, 81u);
  EXPECT_EQ(stats.reused_tokens, 40u);
}

TEST(Prefix, CountersSayWhatIsOccupied) {
  World world(kCaching, 100 * 64);  // pages of 5 tokens and slots of 64 bytes, two to a state
  EXPECT_EQ(world.manager().stats().pool, 100u * 64);
  ASSERT_TRUE(world.admit(1, numbers(0, 41)));
  world.prefill(1);
  tenon_cache_stats stats = world.manager().stats();
  EXPECT_EQ(stats.used_by_sequences, (9 + 2) * 64u);
  EXPECT_EQ(stats.kept_for_later, 2 * 2 * 64u) << "states after 32 and 40 tokens; the pages are the sequence's";
  EXPECT_EQ(stats.states_kept, 2 * 2 * 64u);
  world.release(1);
  stats = world.manager().stats();
  EXPECT_EQ(stats.used_by_sequences, 0u);
  EXPECT_EQ(stats.kept_for_later, (8 + 2 * 2) * 64u) << "the ninth page holds nothing of a whole chunk";
  ASSERT_TRUE(world.admit(2, numbers(0, 41)));
  stats = world.manager().stats();
  EXPECT_EQ(stats.used_by_sequences, (8 + 2) * 64u) << "what it begins with";
  EXPECT_EQ(stats.kept_for_later, 2 * 64u);
  EXPECT_EQ(stats.states_kept, 2 * 2 * 64u);
}

TEST(Prefix, CountersSayWhatWasGivenUp) {
  World world(kCaching, 30 * 64, 140);
  serve(world, numbers(0, 41));
  // Of 30 units, 26 pages, a state, and another state that it leaves on its way.
  ASSERT_TRUE(world.admit(1, numbers(1000, 130)));
  world.prefill(1);
  tenon_cache_stats stats = world.manager().stats();
  EXPECT_EQ(stats.states_evicted, 2u);
  EXPECT_EQ(stats.pages_evicted, 8u);
  EXPECT_EQ(stats.kept_for_later, 2 * 64u);
}

// Prompts from a small tree of beginnings, chats that go on, pieces of any length, drafts of which some are
// kept, releases at any moment.
class Walk {
 public:
  Walk(World& world, uint32_t seed) : world_(world), random_(seed) {}

  void run(uint32_t operations) {
    for (uint32_t i = 0; i < operations && world_.status().empty(); ++i) {
      if (below(5) == 0 || world_.members().empty())
        admit();
      else if (below(25) == 0)
        end(any(), below(6) == 0);
      else
        step(any());
    }
    while (!world_.members().empty()) world_.release(any());
  }
  uint32_t reused() const { return reused_; }

 private:
  uint32_t below(uint64_t count) { return static_cast<uint32_t>(random_() % count); }
  uint64_t any() { return std::next(world_.members().begin(), below(world_.members().size()))->first; }

  void end(uint64_t id, bool discard = false) {
    const World::Member& member = world_.members().at(id);
    if (member.computed < 140) chat_.assign(member.tokens.begin(), member.tokens.begin() + member.computed);
    world_.release(id, discard);
  }

  void admit() {
    if (world_.members().size() >= 6) return;
    std::vector<int32_t> prompt;
    if (below(3) == 0) prompt = chat_;
    for (uint32_t parts = 1 + below(prompt.empty() ? 4 : 1); parts > 0; --parts)
      prompt = joined(std::move(prompt), numbers(static_cast<int32_t>(below(3)) * 50, 1 + below(30)));
    uint64_t id = ++last_id_;
    if (world_.admit(id, prompt, below(8) == 0)) reused_ += world_.members().at(id).reused > 0;
  }

  void step(uint64_t id) {
    World::Member& member = world_.members().at(id);
    if (member.computed >= std::min(member.prompt + 40, 195u)) return end(id);
    if (member.computed < member.prompt) {
      uint32_t left = member.prompt - member.computed, chunks = left / World::kChunk;
      uint32_t count = below(3) == 0 || chunks == 0 ? left : (1 + below(chunks)) * World::kChunk;
      world_.step(id, std::min(count, left), std::min(count, left));
    } else {
      uint32_t count = 1 + below(4);
      bool all_kept = below(3) == 0;
      world_.step(id, count, all_kept ? count : 1 + below(count), all_kept);
    }
  }

  World& world_;
  std::mt19937 random_;
  uint64_t last_id_ = 0;
  uint32_t reused_ = 0;
  std::vector<int32_t> chat_;  // what the last sequence to end had computed
};

TEST(Prefix, RandomWalksNeverSeeWrongMemory) {
  uint32_t reused = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed)
    for (uint32_t page_tokens : {1u, 5u, 8u, 16u, 64u}) {
      Settings settings{page_tokens, true, seed % 3 == 0 ? 3000u : 100000u, seed % 2 ? 16u : 4096u};
      settings.snapshot_bytes = seed % 5 == 0 ? 6 * 2 * 64 * std::max(1u, page_tokens / 8) : 0;
      settings.reuse_decoded = seed % 2 == 0;
      World world(settings, seed % 4 == 0 ? 60 * 64 * std::max(1u, page_tokens / 8) : kAmple);
      Walk walk(world, seed);
      walk.run(400);
      ASSERT_EQ(world.status(), "") << "seed " << seed << ", " << page_tokens << " tokens a page";
      ASSERT_EQ(world.manager().stats().used_by_sequences, 0u) << seed;
      reused += walk.reused();
    }
  EXPECT_GT(reused, 1000u);
}

}  // namespace
}  // namespace tenon::hybrid_paged
