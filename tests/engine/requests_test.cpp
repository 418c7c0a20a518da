// What a request may ask for beside an answer: biases, a least length, the most probable tokens, the
// probabilities of its own prompt, and how it fared.
#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace tenon::testing {
namespace {

// Every event of one request that runs alone.
std::vector<TokenEvent> events_of(Engine& engine, const Request& request) {
  std::vector<TokenEvent> events;
  auto id = engine.submit(request, [&](const TokenEvent& event) { events.push_back(event); });
  EXPECT_TRUE(id.ok()) << id.error().text;
  engine.run();
  return events;
}

std::vector<ScoredToken> scores_of(const std::vector<TokenEvent>& events) {
  std::vector<ScoredToken> scores;
  for (const TokenEvent& event : events) scores.insert(scores.end(), event.scored.begin(), event.scored.end());
  return scores;
}

std::vector<double> logprobs_of(const std::vector<ScoredToken>& scores) {
  std::vector<double> logprobs;
  for (const ScoredToken& score : scores) logprobs.push_back(score.logprob);
  return logprobs;
}

Request scored_request(uint32_t prompt_tokens) {
  Request request = make_request(prompt_tokens, 4);
  request.wants_prompt_logprobs = true;
  request.top_logprobs = 3;
  return request;
}

constexpr float kNever = -std::numeric_limits<float>::infinity();

TEST(Requests, ABiasRulesATokenOutOrIn) {
  TestModel model("tiny");
  Request request = make_request(20, 8);
  Outcome free = run_all(model.engine(), {request}).front();
  request.sampling.biases = {{free.tokens[0], kNever}};
  Outcome without = run_all(model.engine(), {request}).front();
  EXPECT_EQ(std::count(without.tokens.begin(), without.tokens.end(), free.tokens[0]), 0);
  request.sampling.biases = {{7, 1000.0f}};
  EXPECT_EQ(run_all(model.engine(), {request}).front().tokens, std::vector<int32_t>(8, 7));
}

TEST(Requests, ABiasDoesNotChangeALogProbability) {
  TestModel model("tiny");
  Request request = make_request(20, 1);
  Outcome free = run_all(model.engine(), {request}).front();
  request.sampling.biases = {{free.tokens[0], 5.0f}};
  EXPECT_EQ(run_all(model.engine(), {request}).front(), free);
}

TEST(Requests, BadBiasesAreRefused) {
  TestModel model("tiny");
  int32_t vocabulary = static_cast<int32_t>(model.assembly().model().shape().vocabulary);
  for (TokenBias bias :
       {TokenBias{-1, 0}, TokenBias{vocabulary, 0}, TokenBias{0, NAN}, TokenBias{0, INFINITY}}) {
    Request request = make_request(5, 1);
    request.sampling.biases = {bias};
    EXPECT_FALSE(model.engine().submit(request, [](const TokenEvent&) {}).ok())
        << bias.token << " " << bias.bias;
  }
}

TEST(Requests, AnAnswerDoesNotEndBeforeItsLeastLength) {
  TestModel model("tiny");
  Request request = make_request(20, 30);
  Outcome free = run_all(model.engine(), {request}).front();
  request.eos = {free.tokens[0], free.tokens[1], 1 << 30};
  EXPECT_EQ(run_all(model.engine(), {request}).front().tokens.size(), 1u);
  request.min_tokens = 5;
  Outcome longer = run_all(model.engine(), {request}).front();
  EXPECT_GE(longer.tokens.size(), 5u);
  for (size_t i = 0; i < 5 && i < longer.tokens.size(); ++i)
    EXPECT_EQ(std::count(request.eos.begin(), request.eos.end(), longer.tokens[i]), 0);
}

TEST(Requests, TheMostProbableTokensComeWithTheOneDrawn) {
  TestModel model("tiny");
  Request request = make_request(20, 6);
  request.top_logprobs = 4;
  for (const TokenEvent& event : events_of(model.engine(), request)) {
    ASSERT_EQ(event.top.size(), 4u);
    EXPECT_EQ(event.top[0].token, event.token);
    EXPECT_EQ(event.top[0].logprob, event.logprob);
    for (size_t i = 1; i < 4; ++i) EXPECT_LE(event.top[i].logprob, event.top[i - 1].logprob);
  }
  request.top_logprobs = model.assembly().model().shape().vocabulary;
  TokenEvent whole = events_of(model.engine(), request).front();
  double sum = 0;
  for (const TokenLogprob& entry : whole.top) sum += std::exp(entry.logprob);
  EXPECT_NEAR(sum, 1.0, 1e-6);
  ++request.top_logprobs;
  EXPECT_FALSE(model.engine().submit(request, [](const TokenEvent&) {}).ok());
}

// Log probabilities of a prompt's tokens are those of its beginnings' next token.
TEST(Requests, APromptIsScoredAsIfEachOfItsTokensHadBeenDrawn) {
  TestModel model("tiny");
  Request request = scored_request(12);
  std::vector<ScoredToken> scores = scores_of(events_of(model.engine(), request));
  ASSERT_EQ(scores.size(), 11u);
  for (size_t length = 1; length < 12; ++length) {
    Request beginning = make_request(12, 1);
    int32_t next = beginning.prompt[length];
    beginning.prompt.resize(length);
    beginning.sampling.biases = {{next, 1e6f}};
    beginning.top_logprobs = 3;
    TokenEvent drawn = events_of(model.engine(), beginning).front();
    EXPECT_EQ(drawn.token, next);
    EXPECT_EQ(drawn.logprob, scores[length - 1].logprob) << length;
    ASSERT_EQ(scores[length - 1].top.size(), 3u);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(drawn.top[i].token, scores[length - 1].top[i].token);
  }
}

TEST(Requests, ScoresDoNotDependOnChunksOrCompanyOrTheCache) {
  TestModel whole("tiny");
  Request request = scored_request(200);
  std::vector<double> expected = logprobs_of(scores_of(events_of(whole.engine(), request)));
  ASSERT_EQ(expected.size(), 199u);
  EXPECT_EQ(logprobs_of(scores_of(events_of(whole.engine(), request))), expected) << "the second time";

  TestModel chunked("tiny", [](ModelDescription& d) { d.engine.tokens_per_step = 80; });
  std::vector<TokenEvent> events;
  Request plain = make_request(200, 4);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(chunked.engine().submit(plain, [](const TokenEvent&) {}).ok());
  ASSERT_TRUE(chunked.engine().submit(request, [&](const TokenEvent& event) { events.push_back(event); }).ok());
  chunked.engine().run();
  EXPECT_EQ(logprobs_of(scores_of(events)), expected);
  EXPECT_EQ(events.back().stats.cached_tokens, 0u);
}

TEST(Requests, ScoresOfAPreemptedPromptAreToldOnce) {
  TestModel roomy("tiny");
  Request request = scored_request(150);
  request.max_tokens = 40;
  std::vector<double> expected = logprobs_of(scores_of(events_of(roomy.engine(), request)));
  CacheUnits units(roomy);
  TestModel narrow("tiny", [&](ModelDescription& d) { d.engine.memory = units.bytes * units.of(190) * 3 / 2; });
  std::vector<std::vector<TokenEvent>> events(3);
  for (auto& own : events)
    ASSERT_TRUE(narrow.engine().submit(request, [&](const TokenEvent& event) { own.push_back(event); }).ok());
  narrow.engine().run();
  for (const auto& own : events) EXPECT_EQ(logprobs_of(scores_of(own)), expected);
}

TEST(Requests, ProgressTellsOfThePromptStepByStep) {
  TestModel model("tiny", [](ModelDescription& d) { d.engine.tokens_per_step = 80; });
  Request request = make_request(200, 3);
  request.wants_progress = true;
  std::vector<uint32_t> computed;
  for (const TokenEvent& event : events_of(model.engine(), request))
    if (event.token < 0) computed.push_back(event.stats.computed_tokens);
  EXPECT_EQ(computed, (std::vector<uint32_t>{64, 128, 200}));
}

TEST(Requests, EventsTellHowTheRequestFared) {
  TestModel model("tiny");
  Request request = make_request(150, 5);
  RequestStats first = events_of(model.engine(), request).back().stats;
  EXPECT_EQ(first.cached_tokens, 0u);
  EXPECT_EQ(first.computed_tokens, 150u);
  EXPECT_GT(first.prefill_seconds, 0);
  EXPECT_GT(first.decode_seconds, 0);
  EXPECT_GE(first.queued_seconds, 0);
  RequestStats second = events_of(model.engine(), request).back().stats;
  EXPECT_EQ(second.cached_tokens, 128u);
}

TEST(Requests, EventsCountDraftsOfTheirOwnRequest) {
  TestModel model("tiny", [](ModelDescription& d) {
    d.speculative->draft_tokens = 2;
    d.speculative->adaptive = false;
  });
  std::vector<RequestStats> ends(3);
  for (uint32_t i = 0; i < 3; ++i)
    ASSERT_TRUE(
        model.engine()
            .submit(make_request(20 + i, 30, i), [&, i](const TokenEvent& event) { ends[i] = event.stats; })
            .ok());
  model.engine().run();
  uint64_t drafted = 0, accepted = 0;
  for (const RequestStats& end : ends) drafted += end.drafted, accepted += end.accepted;
  EXPECT_EQ(drafted, model.engine().stats().drafted);
  EXPECT_EQ(accepted, model.engine().stats().accepted);
  EXPECT_GT(drafted, 0u);
}

}  // namespace
}  // namespace tenon::testing
