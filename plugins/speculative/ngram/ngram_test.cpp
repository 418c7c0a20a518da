#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_speculator.h>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

using Ints = std::vector<int32_t>;

std::vector<Ints> guesses_for(const std::vector<Ints>& histories, uint32_t count,
                              const std::map<std::string, ConfigValue>& config = {}) {
  TestHost host;
  auto ngram = make_object<tenon_speculator>(TENON_SPECULATOR, config, host);
  std::vector<const int32_t*> pointers;
  std::vector<uint32_t> lengths;
  for (const Ints& history : histories)
    pointers.push_back(history.data()), lengths.push_back(static_cast<uint32_t>(history.size()));
  Ints proposed(histories.size() * count, 99);
  tenon_step step{};
  step.size = sizeof(step), step.sequences = static_cast<uint32_t>(histories.size());
  tenon_draft draft{};
  draft.size = sizeof(draft), draft.draft_tokens = count;
  draft.history = pointers.data(), draft.history_length = lengths.data(), draft.proposed = proposed.data();
  Status status = ngram.call(&tenon_speculator::propose, &step, nullptr, &draft);
  EXPECT_TRUE(status.ok());
  std::vector<Ints> guesses;
  for (size_t s = 0; s < histories.size(); ++s)
    guesses.emplace_back(proposed.begin() + static_cast<int64_t>(s * count),
                         proposed.begin() + static_cast<int64_t>((s + 1) * count));
  return guesses;
}

Ints guess_for(const Ints& history, uint32_t count, const std::map<std::string, ConfigValue>& config = {}) {
  return guesses_for({history}, count, config).front();
}

TEST(Ngram, GuessesWhatFollowedTheSameTokens) {
  EXPECT_EQ(guess_for({1, 2, 3, 4, 5, 1, 2}, 3), (Ints{3, 4, 5}));
}

TEST(Ngram, TheLongestMatchCounts) { EXPECT_EQ(guess_for({7, 1, 2, 3, 8, 1, 2, 4, 7, 1, 2}, 1), (Ints{3})); }

TEST(Ngram, OfEqualMatchesTheLatestCounts) { EXPECT_EQ(guess_for({1, 2, 3, 1, 2, 4, 1, 2}, 1), (Ints{4})); }

TEST(Ngram, AMatchMayOverlapWhatItIsComparedWith) {
  EXPECT_EQ(guess_for({5, 5, 5, 5}, 2, {{"longest", int64_t{2}}}), (Ints{5, -1}));
}

TEST(Ngram, WithoutAMatchItGuessesNothing) {
  EXPECT_EQ(guess_for({1, 2, 3, 4}, 2), (Ints{-1, -1}));
  EXPECT_EQ(guess_for({1}, 2), (Ints{-1, -1}));
  EXPECT_EQ(guess_for({1, 3, 1}, 1), (Ints{-1})) << "one token is too few";
  EXPECT_EQ(guess_for({1, 3, 1}, 1, {{"shortest", int64_t{1}}}), (Ints{3}));
}

TEST(Ngram, LooksNoFurtherBackThanItsWindow) {
  Ints history = {1, 2, 3};
  history.resize(30, 9);
  for (int32_t i = 3; i < 30; ++i) history[static_cast<size_t>(i)] = 100 + i;
  history.insert(history.end(), {1, 2});
  EXPECT_EQ(guess_for(history, 1), (Ints{3}));
  EXPECT_EQ(guess_for(history, 1, {{"window", int64_t{16}}}), (Ints{-1}));
}

TEST(Ngram, SequencesDoNotMix) {
  EXPECT_EQ(guesses_for({{1, 2, 3, 1, 2}, {4, 5, 6}, {7, 8, 9, 7, 8}}, 2),
            (std::vector<Ints>{{3, 1}, {-1, -1}, {9, 7}}));
}

TEST(Ngram, LearningWithoutGuessingIsNothingToDo) { EXPECT_EQ(guess_for({1, 2, 3, 1, 2}, 0), Ints{}); }

TEST(Ngram, TheShortestIsNotLongerThanTheLongest) {
  TestHost host;
  auto made = create_object<tenon_speculator>(TENON_SPECULATOR,
                                              {{"longest", int64_t{2}}, {"shortest", int64_t{3}}}, host);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().text.find("shortest"), std::string::npos) << made.error().text;
}

}  // namespace
}  // namespace tenon::testing
