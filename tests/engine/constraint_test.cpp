// Answers under a constraint. That nothing which is switched on changes them is shown in matrix_test.cpp.
#include <tests/testing/model_bench.hpp>
#include <tests/testing/test_constraint.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace tenon::testing {
namespace {

// Allows what a list says, place by place; behind its end the answer must end.
class Listed final : public Constraint {
 public:
  struct Step {
    std::vector<int32_t> tokens;  // that may come
    Ending ending = Ending::kMustNot;
  };
  explicit Listed(std::vector<Step> steps) : steps_(std::move(steps)) {}

  std::span<const uint64_t> allowed() noexcept override {
    std::fill(words_.begin(), words_.end(), 0);
    if (at_ == steps_.size()) return words_;
    for (int32_t token : steps_[at_].tokens)
      words_[static_cast<size_t>(token) / 64] |= uint64_t{1} << token % 64;
    return words_;
  }
  void accept(int32_t) noexcept override { ++at_; }
  Ending ending() const noexcept override { return at_ < steps_.size() ? steps_[at_].ending : Ending::kMust; }

 private:
  const std::vector<Step> steps_;
  size_t at_ = 0;
  std::vector<uint64_t> words_ = std::vector<uint64_t>(4);
};

ConstraintMaker listed(std::vector<Listed::Step> steps) {
  return [=]() -> Result<std::unique_ptr<Constraint>> {
    return std::unique_ptr<Constraint>(std::make_unique<Listed>(steps));
  };
}

Request with(ConstraintMaker constraint, std::vector<int32_t> eos = {}, uint32_t max_tokens = 20) {
  Request request = make_request(30, max_tokens, 3);
  request.constraint = std::move(constraint);
  request.eos = std::move(eos);
  return request;
}

Tweak drafting(uint32_t drafts) {
  return [=](ModelDescription& d) { d.speculative->draft_tokens = drafts, d.speculative->adaptive = false; };
}

constexpr auto kMay = Constraint::Ending::kMay;

TEST(Constraint, OnlyAllowedTokensCome) {
  TestModel model("tiny");
  for (double temperature : {0.0, 1.0}) {
    Request request = make_request(30, 40, 3, temperature);
    request.sampling.presence_penalty = 1, request.sampling.repetition_penalty = 1.2;
    request.constraint = hash_constraint(5, 1000);
    uint64_t hash = 1;
    Outcome outcome = run_all(model.engine(), {request}).front();
    EXPECT_EQ(outcome.tokens.size(), 40u);
    for (int32_t token : outcome.tokens) {
      EXPECT_TRUE(HashConstraint::allows(hash, token, 5));
      hash = HashConstraint::mixed(hash, static_cast<uint64_t>(token));
    }
  }
}

TEST(Constraint, NothingMoreMayFollowEndsTheAnswer) {
  TestModel model("tiny");
  Outcome outcome = run_all(model.engine(), {with(listed({{{7}}, {{9}}, {{8}}}))}).front();
  EXPECT_EQ(outcome.tokens, (std::vector<int32_t>{7, 9, 8}));
  EXPECT_EQ(outcome.reason, FinishReason::kEos);
}

TEST(Constraint, EosComesOnlyWhereTheAnswerMayEnd) {
  TestModel model("tiny");
  // Not before, though it is among the tokens; and where nothing else is left, it has to.
  Outcome outcome = run_all(model.engine(), {with(listed({{{7, 5}}, {{9, 5}}, {{}, kMay}}), {5})}).front();
  EXPECT_EQ(outcome.tokens, (std::vector<int32_t>{7, 9, 5}));
  EXPECT_EQ(outcome.reason, FinishReason::kEos);
}

TEST(Constraint, EmptyAnswersAreOneEos) {
  TestModel model("tiny");
  EXPECT_EQ(run_all(model.engine(), {with(listed({}), {5})}).front().tokens, (std::vector<int32_t>{5}));
}

TEST(Constraint, NoAllowedTokenEndsTheRequestAndNothingElse) {
  for (uint32_t drafts : {1u, 4u}) {
    TestModel model("tiny", drafting(drafts));
    Request other = make_request(30, 20, 4);
    std::vector<Outcome> expected = run_all(model.engine(), {other});
    // 20 tokens, so that some of them are guessed rightly.
    std::vector<Listed::Step> steps(20, {{7}});
    steps.push_back({});
    std::vector<Outcome> outcomes =
        run_all(model.engine(), {with(listed(steps), {5}, 40), other, with(listed({{}})), with(listed({}))});
    for (size_t i : {0u, 2u, 3u}) {
      EXPECT_EQ(outcomes[i].reason, FinishReason::kError);
      EXPECT_EQ(outcomes[i].error,
                "constraint: no token may come next, expected one that it and the biases allow");
    }
    EXPECT_EQ(outcomes[0].tokens, std::vector<int32_t>(20, 7)) << "what was drawn before is reported";
    EXPECT_TRUE(outcomes[2].tokens.empty());
    EXPECT_EQ(outcomes[1], expected.front());
    EXPECT_TRUE(model.engine().check().ok());
    EXPECT_EQ(model.engine().stats().running, 0u);
  }
}

TEST(Constraint, EachAnswerHasAStateOfItsOwn) {
  TestModel model("tiny");
  Request request = with(hash_constraint(5, 10));
  std::vector<Outcome> outcomes = run_all(model.engine(), {request, request, request});
  EXPECT_EQ(outcomes[0], outcomes[1]);
  EXPECT_EQ(outcomes[0], outcomes[2]);
}

TEST(Constraint, OneThatCannotBeMadeIsARefusedRequest) {
  TestModel model("tiny");
  Request request = with([]() -> Result<std::unique_ptr<Constraint>> { return invalid("no such language"); });
  auto submitted = model.engine().submit(request, [](const TokenEvent&) { FAIL(); });
  ASSERT_FALSE(submitted.ok());
  EXPECT_EQ(submitted.error().text, "no such language");
  EXPECT_EQ(model.engine().requests(), 0u);
}

TEST(Constraint, StartsAfterAToken) {
  TestModel model("tiny");
  Request free = with({}, {}, 12);
  std::vector<int32_t> thought = run_all(model.engine(), {free}).front().tokens;
  size_t end = 6;
  while (std::find(thought.begin(), thought.begin() + static_cast<int64_t>(end), thought[end]) !=
         thought.begin() + static_cast<int64_t>(end))
    ++end;
  ASSERT_LT(end, thought.size()) << "the model says one thing over and over";
  ConstraintMaker constraint = starts_after(thought[end], {3, 70}, listed({{{7}}, {{9}}}));
  Outcome outcome = run_all(model.engine(), {with(constraint, {thought[0]})}).front();
  EXPECT_EQ(std::count(outcome.tokens.begin(), outcome.tokens.end(), thought[0]), 0) << "no eos in thoughts";
  outcome = run_all(model.engine(), {with(constraint)}).front();
  std::vector<int32_t> expected(thought.begin(), thought.begin() + static_cast<int64_t>(end) + 1);
  expected.insert(expected.end(), {3, 70, 7, 9});
  EXPECT_EQ(outcome.tokens, expected);
  EXPECT_EQ(outcome.reason, FinishReason::kEos);
}

}  // namespace
}  // namespace tenon::testing
