#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace tenon::testing {
namespace {

// Prompts of lengths around the edges of chunks, some greedy, some sampled.
std::vector<Request> mixed_requests() {
  std::vector<Request> requests;
  uint32_t seed = 10;
  for (uint32_t length : {1u, 2u, 63u, 64u, 65u, 100u, 128u, 150u}) {
    ++seed;
    requests.push_back(make_request(length, 12, seed, seed % 2 ? 0.0 : 0.9));
  }
  return requests;
}

std::vector<Outcome> one_by_one(Engine& engine, const std::vector<Request>& requests) {
  std::vector<Outcome> outcomes;
  for (const Request& request : requests) outcomes.push_back(run_all(engine, {request}).front());
  return outcomes;
}

void expect_equal(const std::vector<Outcome>& computed, const std::vector<Outcome>& expected,
                  const std::string& what) {
  ASSERT_EQ(computed.size(), expected.size());
  for (size_t i = 0; i < computed.size(); ++i)
    EXPECT_EQ(computed[i], expected[i]) << what << ": request " << i << " " << computed[i].error;
}

TEST(Engine, CrowdedEqualsAlone) {
  TestModel model("tiny");
  std::vector<Request> requests = mixed_requests();
  expect_equal(run_all(model.engine(), requests), one_by_one(model.engine(), requests), "crowded");
}

TEST(Engine, PrefillInChunksEqualsWhole) {
  std::vector<Request> requests = mixed_requests();
  TestModel whole("tiny");
  std::vector<Outcome> expected = run_all(whole.engine(), requests);
  for (uint32_t tokens : {80u, 128u, 200u}) {
    TestModel chunked("tiny", [&](ModelDescription& d) { d.engine.tokens_per_step = tokens; });
    expect_equal(run_all(chunked.engine(), requests), expected, std::to_string(tokens) + " tokens a step");
  }
}

TEST(Engine, ThreadsDoNotChangeAToken) {
  std::vector<Request> requests = mixed_requests();
  TestModel one("tiny", [](ModelDescription& d) { d.engine.threads = 1; });
  std::vector<Outcome> expected = run_all(one.engine(), requests);
  TestModel three("tiny", [](ModelDescription& d) { d.engine.threads = 3; });
  expect_equal(run_all(three.engine(), requests), expected, "three threads");
}

TEST(Engine, CacheManagersAndPageSizesDoNotChangeAToken) {
  std::vector<Request> requests = mixed_requests();
  TestModel chosen("tiny");
  std::vector<Outcome> expected = run_all(chosen.engine(), requests);
  for (int64_t page_tokens : {1, 16, 64}) {
    TestModel paged("tiny", [&](ModelDescription& d) {
      d.cache.config.entries["page_tokens"] = {page_tokens, Place{"test"}};
    });
    expect_equal(run_all(paged.engine(), requests), expected, std::to_string(page_tokens) + " tokens a page");
  }
  TestModel other("tiny", [](ModelDescription& d) {
    d.cache.plugin = "contiguous";
    d.engine.context = 512;
  });
  expect_equal(run_all(other.engine(), requests), expected, "contiguous");
}

TEST(Engine, ASeedDecidesASampledAnswer) {
  TestModel model("tiny");
  Request request = make_request(20, 30, 7, 1.0);
  Outcome first = run_all(model.engine(), {request}).front();
  EXPECT_EQ(run_all(model.engine(), {request}).front(), first);
  request.sampling.seed = 8;
  EXPECT_NE(run_all(model.engine(), {request}).front(), first);
}

TEST(Engine, LogProbabilitiesAreTheModelsWhateverPenaltiesSay) {
  TestModel model("tiny");
  Request request = make_request(20, 12, 7);
  Outcome plain = run_all(model.engine(), {request}).front();
  // So small that no token changes; of the logits those of all tokens generated before do.
  request.sampling.frequency_penalty = 1e-3;
  EXPECT_EQ(run_all(model.engine(), {request}).front(), plain);
  for (double logprob : plain.logprobs) EXPECT_LT(logprob, 0);
}

TEST(Engine, EndsAtATokenThatEndsAnAnswer) {
  TestModel model("tiny");
  Request request = make_request(20, 30);
  Outcome free = run_all(model.engine(), {request}).front();
  EXPECT_EQ(free.reason, FinishReason::kLength);
  EXPECT_EQ(free.tokens.size(), 30u);

  request.eos = {free.tokens[10]};
  Outcome ended = run_all(model.engine(), {request}).front();
  EXPECT_EQ(ended.reason, FinishReason::kEos);
  auto first = std::find(free.tokens.begin(), free.tokens.end(), free.tokens[10]);
  EXPECT_EQ(ended.tokens, std::vector<int32_t>(free.tokens.begin(), first + 1));
}

TEST(Engine, ServesMoreRequestsThanItHasSequences) {
  TestModel model("tiny", [](ModelDescription& d) { d.engine.sequences_max = 2; });
  std::vector<Request> requests = mixed_requests();
  TestModel roomy("tiny");
  expect_equal(run_all(model.engine(), requests), run_all(roomy.engine(), requests), "two sequences");
}

TEST(Engine, CancelEndsARequestAndLeavesTheOthersAlone) {
  TestModel model("tiny");
  std::vector<Request> requests = mixed_requests();
  std::vector<Outcome> expected = run_all(model.engine(), requests);

  std::vector<Outcome> outcomes(requests.size());
  uint64_t cancelled = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    auto id = model.engine().submit(requests[i], [&, i](const TokenEvent& event) {
      if (event.token >= 0)
        outcomes[i].tokens.push_back(event.token), outcomes[i].logprobs.push_back(event.logprob);
      if (event.is_last) outcomes[i].reason = event.reason;
      if (i == 3 && outcomes[i].tokens.size() == 4) model.engine().cancel(cancelled);
    });
    if (i == 3) cancelled = id.value();
  }
  model.engine().run();
  EXPECT_EQ(outcomes[3].reason, FinishReason::kCancelled);
  EXPECT_EQ(outcomes[3].tokens.size(), 4u);
  outcomes[3] = expected[3];
  expect_equal(outcomes, expected, "others");
}

TEST(Engine, ACancelledRequestMayCancelOthers) {
  TestModel model("tiny");
  std::vector<FinishReason> reasons;
  std::vector<uint64_t> ids;
  for (int i = 0; i < 6; ++i) {
    auto on_event = [&, i](const TokenEvent& event) {
      if (!event.is_last) return;
      reasons.push_back(event.reason);
      if (i == 0) std::for_each(ids.begin() + 1, ids.end(), [&](uint64_t id) { model.engine().cancel(id); });
    };
    ids.push_back(model.engine().submit(make_request(5, 0), on_event).value());
  }
  model.engine().step();
  model.engine().cancel(ids[0]);
  model.engine().run();
  EXPECT_EQ(reasons, std::vector<FinishReason>(6, FinishReason::kCancelled));
}

TEST(Engine, CancelReachesARequestThatIsWaiting) {
  TestModel model("tiny", [](ModelDescription& d) { d.engine.sequences_max = 1; });
  std::vector<FinishReason> reasons;
  auto keep = [&](const TokenEvent& event) {
    if (event.is_last) reasons.push_back(event.reason);
  };
  ASSERT_TRUE(model.engine().submit(make_request(5, 5), keep).ok());
  uint64_t second = model.engine().submit(make_request(5, 5), keep).value();
  model.engine().step();
  model.engine().cancel(second);
  model.engine().run();
  EXPECT_EQ(reasons, (std::vector{FinishReason::kCancelled, FinishReason::kLength}));
}

TEST(Engine, RefusesWhatItCanNeverServe) {
  TestModel model("tiny", [](ModelDescription& d) { d.engine.context = 100; });
  auto refusal = [&](Request request) {
    auto id = model.engine().submit(std::move(request),
                                    [](const TokenEvent&) { FAIL() << "an event of a refused request"; });
    return id.ok() ? std::string("accepted") : id.error().text;
  };
  EXPECT_EQ(refusal(make_request(0, 5)), "request: prompt is empty, must have at least one token");
  EXPECT_EQ(refusal(make_request(100, 5)),
            "request: prompt is 100 tokens long, must leave room for an answer in a context of 100");
  Request foreign = make_request(3, 5);
  foreign.prompt[1] = 512;
  EXPECT_EQ(refusal(foreign), "request: prompt has token id 512, must be below 512");
  foreign.prompt[1] = -1;
  EXPECT_EQ(refusal(foreign), "request: prompt has token id -1, must be below 512");
}

TEST(Engine, AnAnswerEndsWhereTheContextDoes) {
  TestModel model("tiny", [](ModelDescription& d) { d.engine.context = 100; });
  Outcome outcome = run_all(model.engine(), {make_request(90, 0)}).front();
  EXPECT_EQ(outcome.reason, FinishReason::kLength);
  EXPECT_EQ(outcome.tokens.size(), 10u);
}

}  // namespace
}  // namespace tenon::testing
