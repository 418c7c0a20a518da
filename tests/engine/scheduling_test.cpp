// Who goes first, who waits how long, and who is not drawn into another's failure.
#include <tests/testing/model_bench.hpp>
#include <tests/testing/temp_dir.hpp>

#include <tenon/base/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace tenon::testing {
namespace {

Tweak one_at_a_time() {
  return [](ModelDescription& d) { d.engine.sequences_max = 1; };
}

// The order in which requests end, by their place in `requests`.
std::vector<size_t> order_of_ends(Engine& engine, const std::vector<Request>& requests) {
  std::vector<size_t> order;
  for (size_t i = 0; i < requests.size(); ++i) {
    auto id = engine.submit(requests[i], [&order, i](const TokenEvent& event) {
      if (event.is_last) order.push_back(i);
    });
    EXPECT_TRUE(id.ok());
  }
  engine.run();
  return order;
}

TEST(Scheduling, EqualsAreServedInTheOrderOfTheirArrival) {
  TestModel model("tiny", one_at_a_time());
  EXPECT_EQ(order_of_ends(model.engine(), std::vector<Request>(4, make_request(5, 3))),
            (std::vector<size_t>{0, 1, 2, 3}));
}

TEST(Scheduling, ALowerPriorityNumberGoesFirst) {
  TestModel model("tiny", one_at_a_time());
  std::vector<Request> requests(4, make_request(5, 3));
  requests[0].priority = 2, requests[2].priority = -1;
  EXPECT_EQ(order_of_ends(model.engine(), requests), (std::vector<size_t>{2, 1, 3, 0}));
}

// However many come with a better priority, one level is made up for in kStepsPerPriority steps.
TEST(Scheduling, NobodyWaitsForEver) {
  TestModel model("tiny", one_at_a_time());
  bool has_ended = false;
  Request patient = make_request(5, 3);
  patient.priority = 2;
  ASSERT_TRUE(
      model.engine().submit(patient, [&](const TokenEvent& event) { has_ended |= event.is_last; }).ok());
  uint64_t steps = 0;
  for (int i = 0; i < 500 && !has_ended; ++i) {
    ASSERT_TRUE(model.engine().submit(make_request(5, 3), [](const TokenEvent&) {}).ok());
    for (int step = 0; step < 3; ++step, ++steps) model.engine().step();
  }
  EXPECT_TRUE(has_ended);
  EXPECT_LE(steps, 2 * Scheduler::kStepsPerPriority + 16);
}

// A copy of the fixture in which the embedding of one token is not a number.
void write_poisoned_model(const TempDir& dir, int64_t token) {
  std::filesystem::path source = std::filesystem::path(TENON_FIXTURES) / "tiny";
  for (const char* name : {"config.json", "generation_config.json"}) dir.write(name, content_of(source / name));
  std::string content = content_of(source / "model.safetensors");
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof length);
  auto header = parse_sorted_json({content.data() + sizeof length, length}, "header");
  ASSERT_TRUE(header.ok());
  const SortedJson& embedding = header.value()["model.embed_tokens.weight"];
  ASSERT_EQ(embedding["dtype"], "F32");
  uint64_t row_bytes = embedding["shape"][1].get<uint64_t>() * sizeof(float);
  float nan = std::numeric_limits<float>::quiet_NaN();
  size_t at = sizeof length + length + embedding["data_offsets"][0].get<uint64_t>() +
              static_cast<uint64_t>(token) * row_bytes;
  std::memcpy(content.data() + at, &nan, sizeof nan);
  dir.write("model.safetensors", content);
}

TEST(Scheduling, AValueThatIsNotFiniteEndsOneRequestAndLeavesTheOthersExact) {
  TestModel sound("tiny");
  std::vector<Request> requests;
  for (uint32_t i = 0; i < 6; ++i) requests.push_back(make_request(70 + 9 * i, 12, i + 1, i % 2 ? 0.9 : 0.0));
  std::vector<Outcome> expected = run_all(sound.engine(), requests);
  int32_t unused = 0;  // a token that nobody reads or writes
  auto is_used = [&](size_t i) {
    auto has = [&](const std::vector<int32_t>& tokens) {
      return std::find(tokens.begin(), tokens.end(), unused) != tokens.end();
    };
    return has(requests[i].prompt) || has(expected[i].tokens);
  };
  for (size_t i = 0; i < requests.size(); ++i)
    if (is_used(i)) ++unused, i = SIZE_MAX;

  TempDir dir;
  write_poisoned_model(dir, unused);
  TestModel poisoned = TestModel::at(dir.path());
  std::vector<Request> with_poison = requests;
  with_poison[2].prompt[80] = unused;
  std::vector<Outcome> outcomes = run_all(poisoned.engine(), with_poison);
  EXPECT_EQ(outcomes[2].reason, FinishReason::kNumericalError);
  EXPECT_EQ(outcomes[2].tokens, std::vector<int32_t>());
  EXPECT_EQ(poisoned.engine().stats().numerical_errors, 1u);
  for (size_t i = 0; i < requests.size(); ++i) {
    if (i == 2) continue;
    EXPECT_EQ(outcomes[i], expected[i]) << i;
  }
  // Nothing of it is left for a prompt that begins alike, also where it was computed in pieces.
  EXPECT_EQ(run_all(poisoned.engine(), {requests[2]}).front(), expected[2]);
  EXPECT_TRUE(poisoned.engine().check().ok());
}

TEST(Scheduling, WhatAFailedRequestComputedInPiecesIsNotKept) {
  constexpr int32_t kPoison = 300;
  TempDir dir;
  write_poisoned_model(dir, kPoison);
  TestModel model = TestModel::at(dir.path(), [](ModelDescription& d) { d.engine.tokens_per_step = 128; });
  Request request = make_request(250, 5);
  request.prompt[10] = kPoison;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run_all(model.engine(), {request}).front().reason, FinishReason::kNumericalError);
    EXPECT_EQ(model.engine().stats().cache.reused_tokens, 0u);
  }
}

}  // namespace
}  // namespace tenon::testing
