// Requests that take too long. Time is what the test says it is.
#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

// An engine of its own over a model, whose every step takes a second.
class SlowEngine {
 public:
  explicit SlowEngine(TestModel& model) {
    auto made = Engine::make(model.assembly(), [this] { return now_; });
    EXPECT_TRUE(made.ok());
    engine_ = std::move(made).value();
  }

  // Runs until nothing is left.
  std::vector<Outcome> run(const std::vector<Request>& requests) {
    std::vector<Outcome> outcomes(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      auto id = engine_->submit(requests[i], [&outcomes, i](const TokenEvent& event) {
        if (event.token >= 0)
          outcomes[i].tokens.push_back(event.token), outcomes[i].logprobs.push_back(event.logprob);
        if (event.is_last) outcomes[i].reason = event.reason, outcomes[i].error = event.error;
      });
      EXPECT_TRUE(id.ok());
    }
    while (engine_->step()) now_ += std::chrono::seconds(1);
    return outcomes;
  }
  Engine& engine() { return *engine_; }

 private:
  std::chrono::steady_clock::time_point now_;
  std::unique_ptr<Engine> engine_;
};

Tweak without_drafts(const Tweak& more = {}) {
  return [=](ModelDescription& d) {
    d.speculative.reset(), d.weights.storage.ignore.push_back("mtp.*");
    if (more) more(d);
  };
}

Request limited(Request request, double seconds) {
  request.seconds_max = seconds;
  return request;
}

// What was answered in time is the beginning of the whole answer.
void expect_cut(const Outcome& outcome, const Outcome& whole, size_t tokens, const std::string& error) {
  EXPECT_EQ(outcome.reason, FinishReason::kError);
  EXPECT_EQ(outcome.error, error);
  EXPECT_EQ(outcome.tokens,
            std::vector<int32_t>(whole.tokens.begin(), whole.tokens.begin() + static_cast<int64_t>(tokens)));
}

TEST(TimeLimit, ARequestThatTakesLongerEndsAndLeavesTheOthersExact) {
  TestModel model("tiny");
  std::vector<Request> requests;
  for (uint32_t i = 0; i < 5; ++i) requests.push_back(make_request(40 + 30 * i, 20, i, i % 2 ? 0.9 : 0.0));
  std::vector<Outcome> expected = run_all(model.engine(), requests);

  TestModel other("tiny", without_drafts());
  SlowEngine slow(other);
  requests[2].seconds_max = 6;
  std::vector<Outcome> outcomes = slow.run(requests);
  expect_cut(outcomes[2], expected[2], 6, "request: took longer than 6 s");
  outcomes[2] = expected[2];
  EXPECT_EQ(outcomes, expected);
  EXPECT_TRUE(slow.engine().check().ok());
  EXPECT_EQ(slow.engine().stats().cache.used_by_sequences, 0u);
  requests[2].seconds_max = 0;
  EXPECT_EQ(slow.run({requests[2]}).front(), expected[2]) << "the same request again";
}

TEST(TimeLimit, CountsFromArrivalSoThatWaitingCounts) {
  TestModel model("tiny", without_drafts([](ModelDescription& d) { d.engine.sequences_max = 1; }));
  SlowEngine slow(model);
  std::vector<Outcome> outcomes =
      slow.run({make_request(10, 8), limited(make_request(10, 8), 5), limited(make_request(10, 8), 20)});
  EXPECT_EQ(outcomes[0].tokens.size(), 8u);
  expect_cut(outcomes[1], outcomes[0], 0, "request: took longer than 5 s");
  EXPECT_EQ(outcomes[2], outcomes[0]);
}

TEST(TimeLimit, TheStricterOfTheRequestsAndTheEnginesCounts) {
  TestModel model("tiny", without_drafts([](ModelDescription& d) { d.engine.seconds_max = 4.5; }));
  SlowEngine slow(model);
  Request request = make_request(10, 8);
  std::vector<Outcome> outcomes = slow.run({request, limited(request, 2), limited(request, 100)});
  EXPECT_EQ(outcomes[0].error, "request: took longer than 4.5 s");
  EXPECT_EQ(outcomes[1].error, "request: took longer than 2 s");
  EXPECT_EQ(outcomes[2].error, "request: took longer than 4.5 s");
}

TEST(TimeLimit, IsNeverReachedByOneThatIsLongerThanClocksCount) {
  TestModel model("tiny");
  SlowEngine slow(model);
  EXPECT_EQ(slow.run({limited(make_request(10, 8), 1e300)}).front().tokens.size(), 8u);
}

TEST(TimeLimit, ANegativeOneIsRefused) {
  TestModel model("tiny");
  auto refused = model.engine().submit(limited(make_request(10, 8), -1), [](const TokenEvent&) {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text, "request: seconds_max is -1, must not be negative");
}

}  // namespace
}  // namespace tenon::testing
