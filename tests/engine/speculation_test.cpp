// Guessing ahead: how the number of guesses is chosen, and what happens at the ends of an answer. That it never
// changes a token is shown in matrix_test.cpp.
#include <tests/testing/model_bench.hpp>

#include <tenon/engine/draft_length.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <map>

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

// What came after one beginning of an answer.
struct Choices {
  std::map<int32_t, double> probability;  // by the model
  std::map<int32_t, double> times;
  double total = 0;

  // Pearson's chi-square of the counts, all probability being that of these tokens.
  double statistic() const {
    double all = 0, sum = 0;
    for (const auto& [token, p] : probability) all += p;
    for (const auto& [token, p] : probability) {
      double expected = total * p / all;
      sum += (times.at(token) - expected) * (times.at(token) - expected) / expected;
    }
    return sum;
  }
};

TEST(Speculation, SampledTokensHaveTheModelsDistribution) {
  constexpr int32_t kTopK = 4;
  TestModel model("tiny", [](ModelDescription& d) { d.engine.requests_max = 4096, with_drafts(2)(d); });
  std::vector<Request> requests(3000, make_request(12, 3, 1, 1.0));
  for (size_t i = 0; i < requests.size(); ++i)
    requests[i].sampling.seed = i, requests[i].sampling.top_k = kTopK;
  std::map<std::vector<int32_t>, Choices> after;
  for (const Outcome& outcome : run_all(model.engine(), requests))
    for (size_t t = 0; t < outcome.tokens.size(); ++t) {
      Choices& choices = after[{outcome.tokens.begin(), outcome.tokens.begin() + static_cast<int64_t>(t)}];
      choices.probability[outcome.tokens[t]] = std::exp(outcome.logprobs[t]);
      ++choices.times[outcome.tokens[t]], ++choices.total;
    }
  double statistic = 0, freedom = 0;
  for (const auto& [beginning, choices] : after)
    if (choices.total >= 100 && choices.probability.size() == kTopK)
      statistic += choices.statistic(), freedom += kTopK - 1;
  EXPECT_GE(freedom, 30);
  EXPECT_LT(statistic, freedom + 4 * std::sqrt(2 * freedom)) << "four standard deviations above the mean";
  EngineStats stats = model.engine().stats();
  EXPECT_GT(stats.accepted, 0u);
  EXPECT_LT(stats.accepted, stats.drafted);
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
