// Guessing ahead: how the number of guesses is chosen, and what happens at the ends of an answer. That it never
// changes a token is shown in matrix_test.cpp.
#include <tests/testing/model_bench.hpp>

#include <tenon/engine/draft_length.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

Tweak with_drafts(uint32_t drafts) {
  return [=](ModelDescription& d) { d.speculative->draft_tokens = drafts, d.speculative->adaptive = false; };
}

TEST(Speculation, AnAnswerEndsAtItsLastTokenInTheMiddleOfRightDrafts) {
  TestModel plain("tiny", with_drafts(1)), drafting("tiny", with_drafts(4));
  for (uint32_t length = 1; length <= 12; ++length) {
    Request request = make_request(30, length, 5);
    Outcome expected = run_all(plain.engine(), {request}).front();
    EXPECT_EQ(run_all(drafting.engine(), {request}).front(), expected);
    EXPECT_EQ(expected.tokens.size(), length);
    request.eos = {expected.tokens[length / 2]};
    EXPECT_EQ(run_all(drafting.engine(), {request}), run_all(plain.engine(), {request}));
  }
}

TEST(Speculation, AnAnswerMayReachTheEndOfTheContext) {
  auto small = [](ModelDescription& d) { d.engine.context = 100, with_drafts(4)(d); };
  TestModel model("tiny", small), roomy("tiny");
  EXPECT_EQ(run_all(model.engine(), {make_request(90, 0)}), run_all(roomy.engine(), {make_request(90, 10)}));
}

TEST(Speculation, GuessesAreCounted) {
  TestModel model("tiny", with_drafts(2));
  run_all(model.engine(), {make_request(30, 40)});
  EngineStats stats = model.engine().stats();
  EXPECT_GE(stats.drafted, 2u);
  EXPECT_LE(stats.accepted, stats.drafted);
  EXPECT_EQ(stats.output_tokens, 40u);
  EXPECT_EQ(stats.steps, 40 - stats.accepted) << "a right guess saves a step";
}

// Steps with `drafts` guesses bring tokens at this rate; returns the length used most at the end.
uint32_t settled_length(const std::vector<double>& tokens_per_second) {
  DraftLength length(static_cast<uint32_t>(tokens_per_second.size()) - 1, true);
  std::vector<uint32_t> used(tokens_per_second.size(), 0);
  for (int step = 0; step < 3000; ++step) {
    if (step >= 1000) ++used[length.length()];
    length.record(8, 8 / tokens_per_second[length.length()]);
  }
  return static_cast<uint32_t>(std::max_element(used.begin(), used.end()) - used.begin());
}

TEST(DraftLength, SettlesWhereMostTokensCome) {
  EXPECT_EQ(settled_length({100, 130, 150, 120, 90}), 2u);
  EXPECT_EQ(settled_length({100, 90, 80}), 0u) << "guessing does not pay";
  EXPECT_EQ(settled_length({100, 110, 120, 130}), 3u);
}

TEST(DraftLength, FollowsAChange) {
  DraftLength length(1, true);
  for (int step = 0; step < 1000; ++step) length.record(8, length.length() == 1 ? 0.05 : 0.08);
  uint32_t ones = 0;
  for (int step = 0; step < 1000; ++step) {
    length.record(8, length.length() == 1 ? 0.2 : 0.08);
    ones += length.length();
  }
  EXPECT_LT(ones, 300u);
}

TEST(DraftLength, IsTheLongestUnlessItIsAdaptive) {
  DraftLength length(3, false);
  for (int step = 0; step < 500; ++step) {
    length.record(1, 1.0);
    ASSERT_EQ(length.length(), 3u);
  }
}

}  // namespace
}  // namespace tenon::testing
