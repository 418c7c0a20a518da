// What answers leave behind for the next turn, where that was asked for.
#include "prefix_world.hpp"

namespace tenon::hybrid_paged {
namespace {

Settings with_reuse_decoded(uint32_t snapshot_tokens = 64) {
  Settings settings = kCaching;
  settings.reuse_decoded = true, settings.snapshot_tokens = snapshot_tokens;
  return settings;
}

// Admits, prefills, decodes until so many tokens are computed, and releases; returns them all.
std::vector<int32_t> answer(World& world, uint64_t id, const std::vector<int32_t>& prompt, uint32_t computed,
                            uint32_t drafts = 0) {
  EXPECT_TRUE(world.admit(id, prompt));
  world.prefill(id);
  for (uint32_t i = 0; world.members().at(id).computed < computed; ++i) {
    uint32_t kept = std::min(1 + i % (drafts + 1), computed - world.members().at(id).computed);
    EXPECT_TRUE(world.step(id, 1 + drafts, kept));
  }
  std::vector<int32_t> all = world.members().at(id).tokens;
  world.release(id);
  EXPECT_EQ(world.status(), "");
  return all;
}

TEST(ReuseDecoded, TheNextTurnBeginsAfterTheAnswer) {
  for (uint32_t drafts : {0, 1, 3}) {
    World world(with_reuse_decoded(), kAmple);
    std::vector<int32_t> chat = numbers(0, 20);
    for (uint64_t turn = 1; turn < 5; ++turn) {
      auto length = static_cast<uint32_t>(chat.size());
      chat = joined(answer(world, turn, chat, length + 30, drafts), numbers(5000, 7));
      EXPECT_EQ(serve(world, chat), (length + 30) / 8 * 8) << drafts << " drafts, turn " << turn;
    }
  }
}

TEST(ReuseDecoded, OfAnAnswersStatesTheNewestStays) {
  World world(with_reuse_decoded(), kAmple);
  std::vector<int32_t> all = answer(world, 1, numbers(0, 20), 125);
  EXPECT_EQ(world.manager().stats().states_kept, 4 * 2 * 64u) << "after 8, 16, 64 and 120 tokens";
  auto begin_with = [&](uint32_t tokens) {
    return serve(world, joined({all.begin(), all.begin() + tokens}, numbers(900, 5)));
  };
  EXPECT_EQ(begin_with(125), 120u);
  EXPECT_EQ(begin_with(100), 64u);
  EXPECT_EQ(begin_with(63), 16u);
}

TEST(ReuseDecoded, WhoseTokensAreNotToldLeavesNothing) {
  World world(with_reuse_decoded(), kAmple);
  ASSERT_TRUE(world.admit(1, numbers(0, 20)));
  world.prefill(1);
  tenon_reservation untold{};
  untold.tokens = 1, untold.first = 20, untold.positions_end = 21, untold.phase = TENON_DECODE;
  ASSERT_TRUE(world.manager().reserve(1, untold).ok());
  world.release(1);
  std::vector<int32_t> all = answer(world, 2, numbers(0, 20), 40);
  EXPECT_EQ(serve(world, joined(all, numbers(900, 5))), 40u);
}

TEST(ReuseDecoded, AFailedSequenceTakesItsAnswerAlong) {
  World world(with_reuse_decoded(), kAmple);
  ASSERT_TRUE(world.admit(1, numbers(0, 20)));
  world.prefill(1);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(world.step(1, 1, 1));
  std::vector<int32_t> all = world.members().at(1).tokens;
  world.release(1, true);
  EXPECT_EQ(serve(world, joined(all, numbers(900, 5))), 0u);
}

// The tree alone, with chunks and pages of 8 tokens; a snapshot is one unit.
struct Tree {
  Tree() {
    units.reset(100);
    tree.reset(units, {8, 8, true, 100});
  }
  Node* insert(const std::vector<int32_t>& tokens, Origin origin) {
    std::vector<int32_t> pages(tokens.size() / 8), snapshot = {units.take()};
    for (int32_t& page : pages) page = units.take();
    Maker maker{++makers, origin};
    Node* node = tree.insert(0, tokens, static_cast<uint32_t>(pages.size()), pages, maker);
    tree.attach(*node, snapshot, maker);
    for (int32_t unit : joined(pages, snapshot)) units.give_back(unit);
    return node;
  }
  uint32_t resume(const std::vector<int32_t>& tokens) {
    Node* node = tree.find(0, tokens, static_cast<uint32_t>(tokens.size() / 8)).resume;
    return node ? node->depth * 8 : 0;
  }
  Units units;
  PrefixTree tree;
  uint64_t makers = 0;
};

TEST(ReuseDecoded, WhatAPrefillMadeReplacesWhatADecodeMade) {
  Tree tree;
  tree.insert(numbers(0, 8), Origin::kPrefill);
  tree.insert(numbers(0, 24), Origin::kDecode);
  EXPECT_EQ(tree.resume(numbers(0, 24)), 24u);
  Node* node = tree.insert(numbers(0, 16), Origin::kPrefill);
  EXPECT_EQ(node->maker.origin, Origin::kPrefill);
  EXPECT_EQ(node->maker.sequence, 3u);
  EXPECT_EQ(node->snapshot_maker, 3u);
  EXPECT_EQ(node->parent->maker.sequence, 1u) << "a prefill made that one before";
  EXPECT_EQ(tree.resume(numbers(0, 24)), 16u) << "what was built on it is gone";
  EXPECT_EQ(tree.units.held(), 4u) << "two pages, two states";
}

TEST(ReuseDecoded, WhatADecodeMadeNeverReplacesNorMixes) {
  Tree tree;
  tree.insert(numbers(0, 16), Origin::kPrefill);
  tree.insert(numbers(0, 8), Origin::kDecode);
  EXPECT_EQ(tree.resume(numbers(0, 8)), 0u) << "the state of a decode, the pages of a prefill";
  Node* node = tree.insert(numbers(0, 16), Origin::kDecode);
  EXPECT_EQ(node->maker.sequence, 1u);
  EXPECT_EQ(node->snapshot_maker, 1u);
  EXPECT_EQ(tree.units.held(), 3u);
}

}  // namespace
}  // namespace tenon::hybrid_paged
