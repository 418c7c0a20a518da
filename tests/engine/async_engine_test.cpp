// The engine on its own thread: what threads get is what one caller gets, and nothing is left behind.
#include <tests/testing/model_bench.hpp>

#include <tenon/engine/async_engine.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tenon::testing {
namespace {

std::unique_ptr<AsyncEngine> start(TestModel& model) {
  auto engine = AsyncEngine::make(model.assembly());
  EXPECT_TRUE(engine.ok());
  return std::move(engine).value();
}

// Everything of one stream with one request.
Outcome read_all(TokenStream& stream) {
  Outcome outcome;
  while (auto event = stream.next()) {
    if (event->token >= 0) outcome.tokens.push_back(event->token), outcome.logprobs.push_back(event->logprob);
    if (event->is_last) outcome.reason = event->reason, outcome.error = event->error;
  }
  return outcome;
}

void wait_until_idle(const AsyncEngine& engine) {
  for (EngineStats stats = engine.stats(); stats.running + stats.waiting > 0; stats = engine.stats())
    std::this_thread::yield();
}

TEST(AsyncEngine, ThreadsGetWhatOneCallerGets) {
  TestModel model("tiny");
  std::vector<Request> requests;
  for (uint32_t i = 0; i < 12; ++i) requests.push_back(make_request(10 + 17 * i, 20, i, i % 2 ? 0.7 : 0));
  std::vector<Outcome> expected = run_all(model.engine(), requests), outcomes(requests.size());

  TestModel other("tiny");
  auto engine = start(other);
  std::vector<std::thread> threads;
  for (size_t first = 0; first < 3; ++first)
    threads.emplace_back([&, first] {
      for (size_t i = first; i < requests.size(); i += 3) {
        auto stream = engine->submit(requests[i]);
        if (stream.ok()) outcomes[i] = read_all(stream.value());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(outcomes, expected);
  wait_until_idle(*engine);
  EXPECT_EQ(engine->stats().cache.used_by_sequences, 0u);
  EXPECT_EQ(engine->stats().output_tokens, 12u * 20u);
}

TEST(AsyncEngine, AReaderCanBeToldOfArrivals) {
  TestModel model("tiny");
  auto engine = start(model);
  TokenStream stream;
  std::atomic<int> arrivals = 0;
  stream.on_arrival([&] { ++arrivals; });
  ASSERT_TRUE(engine->submit({make_request(20, 10)}, stream).ok());
  int events = 0;
  while (stream.next()) ++events;
  EXPECT_EQ(events, 10);
  EXPECT_FALSE(stream.try_next());
  engine.reset();
  EXPECT_EQ(arrivals, 10);
}

TEST(AsyncEngine, OneStreamCarriesSeveralRequests) {
  TestModel model("tiny");
  auto engine = start(model);
  TokenStream stream;
  auto ids = engine->submit({make_request(30, 5), make_request(10, 9)}, stream);
  ASSERT_TRUE(ids.ok());
  std::map<uint64_t, uint32_t> tokens, ends;
  while (auto event = stream.next())
    tokens[event->request] += event->token >= 0, ends[event->request] += event->is_last;
  EXPECT_EQ(tokens, (std::map<uint64_t, uint32_t>{{ids.value()[0], 5}, {ids.value()[1], 9}}));
  EXPECT_EQ(ends, (std::map<uint64_t, uint32_t>{{ids.value()[0], 1}, {ids.value()[1], 1}}));
  EXPECT_TRUE(stream.is_done());
}

TEST(AsyncEngine, TooMuchAtATimeIsRefusedWithTheNumbers) {
  TestModel model("tiny",
                  [](ModelDescription& d) { d.engine.requests_max = 4, d.engine.prompt_tokens_max = 100; });
  auto engine = start(model);
  TokenStream stream;
  auto refusal_of = [&](std::vector<Request> requests) {
    auto ids = engine->submit(std::move(requests), stream);
    EXPECT_FALSE(ids.ok());
    EXPECT_EQ(ids.error().code, TENON_OUT_OF_MEMORY);
    return ids.error().text;
  };
  EXPECT_EQ(refusal_of(std::vector(5, make_request(10, 1))),
            "request: 0 requests run or wait and 5 would be added, engine.requests_max is 4");
  EXPECT_EQ(refusal_of(std::vector(3, make_request(40, 1))),
            "request: 0 prompt tokens run or wait and 120 would be added, engine.prompt_tokens_max is 100");
  EXPECT_TRUE(stream.is_done());

  ASSERT_TRUE(engine->submit(std::vector(4, make_request(25, 1000)), stream).ok());
  EXPECT_EQ(refusal_of({make_request(1, 1)}),
            "request: 4 requests run or wait and 1 would be added, engine.requests_max is 4");
  { TokenStream dropped = std::move(stream); }
  wait_until_idle(*engine);
  auto again = engine->submit(make_request(100, 1));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(read_all(again.value()).tokens.size(), 1u);
}

TEST(AsyncEngine, AGroupWithABadRequestIsRefusedWhole) {
  TestModel model("tiny");
  auto engine = start(model);
  TokenStream stream;
  auto ids = engine->submit({make_request(10, 5), make_request(0, 5)}, stream);
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().code, TENON_INVALID);
  EXPECT_FALSE(stream.next().has_value());
  EXPECT_EQ(engine->stats().prompt_tokens, 0u);
}

TEST(AsyncEngine, WhoeverStopsReadingCancels) {
  TestModel model("tiny");
  auto engine = start(model);
  {
    auto stream = engine->submit(make_request(10, 100000));
    ASSERT_TRUE(stream.ok());
    EXPECT_TRUE(stream.value().next().has_value());
    EXPECT_FALSE(stream.value().is_done());
  }
  wait_until_idle(*engine);
  EXPECT_EQ(engine->stats().cache.used_by_sequences, 0u);
}

TEST(AsyncEngine, CancelEndsOneOfMany) {
  TestModel model("tiny");
  auto engine = start(model);
  TokenStream stream;
  auto ids = engine->submit({make_request(10, 100000), make_request(10, 3)}, stream);
  ASSERT_TRUE(ids.ok());
  engine->cancel(ids.value()[0]);
  engine->cancel(123456);  // nobody's
  std::map<uint64_t, FinishReason> reasons;
  while (auto event = stream.next())
    if (event->is_last) reasons[event->request] = event->reason;
  EXPECT_EQ(reasons[ids.value()[0]], FinishReason::kCancelled);
  EXPECT_EQ(reasons[ids.value()[1]], FinishReason::kLength);
}

TEST(AsyncEngine, ItsEndIsTheEndOfEveryRequest) {
  TestModel model("tiny");
  auto engine = start(model);
  TokenStream stream;
  ASSERT_TRUE(engine->submit(std::vector(20, make_request(10, 100000)), stream).ok());
  engine.reset();
  uint32_t cancelled = 0;
  while (auto event = stream.next()) cancelled += event->is_last && event->reason == FinishReason::kCancelled;
  EXPECT_EQ(cancelled, 20u);
}

TEST(AsyncEngine, PatienceEndsBeforeTheRequestDoes) {
  TestModel model("tiny");
  auto engine = start(model);
  auto stream = engine->submit(make_request(10, 100000));
  ASSERT_TRUE(stream.ok());
  while (stream.value().next_within(std::chrono::milliseconds(0))) {
  }
  EXPECT_FALSE(stream.value().is_done());
}

}  // namespace
}  // namespace tenon::testing
