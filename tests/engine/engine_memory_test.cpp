#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

// The bytes of one unit of the fixture's cache, and how many units a sequence of so many tokens takes.
struct Units {
  explicit Units(TestModel& model) {
    const CacheLayout& layout = model.assembly().cache_layout();
    bytes = layout.placements[0].slot_stride;
    page_tokens = layout.plan.page_tokens;
    for (const tenon_needs& needs : model.assembly().needs()) slots += needs.bytes_per_sequence > 0;
  }
  uint64_t of(uint32_t tokens) const { return slots + (tokens + page_tokens - 1) / page_tokens; }

  uint64_t bytes, page_tokens, slots = 0;
};

TEST(EngineMemory, RequestsThatDoNotFitTogetherAreServedInTurn) {
  TestModel roomy("tiny");
  std::vector<Request> requests;
  for (uint32_t seed = 1; seed <= 6; ++seed) requests.push_back(make_request(100 + seed, 20, seed));
  std::vector<Outcome> expected = run_all(roomy.engine(), requests);

  uint64_t memory = Units(roomy).bytes * Units(roomy).of(130) * 2;
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  EXPECT_EQ(run_all(tight.engine(), requests), expected);
}

TEST(EngineMemory, ARequestThatCanNeverFitIsRefusedWithTheNumbers) {
  TestModel roomy("tiny");
  uint64_t memory = Units(roomy).bytes * Units(roomy).of(100);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  std::vector<Outcome> outcomes = run_all(tight.engine(), {make_request(300, 10), make_request(20, 10)});
  EXPECT_EQ(outcomes[0].reason, FinishReason::kError);
  EXPECT_NE(outcomes[0].error.find("bytes"), std::string::npos) << outcomes[0].error;
  EXPECT_NE(outcomes[0].error.find(std::to_string(memory)), std::string::npos) << outcomes[0].error;
  EXPECT_EQ(outcomes[1].reason, FinishReason::kLength);
}

TEST(EngineMemory, AllOfItComesBack) {
  TestModel roomy("tiny");
  uint64_t memory = Units(roomy).bytes * Units(roomy).of(200);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  // Each needs nearly everything: a unit that went missing would refuse a later one.
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Outcome outcome = run_all(tight.engine(), {make_request(150, 40, seed)}).front();
    EXPECT_EQ(outcome.reason, FinishReason::kLength) << outcome.error;
  }
}

TEST(EngineMemory, WhenNothingCanGoOnTheYoungestGivesWay) {
  TestModel roomy("tiny");
  uint64_t memory = Units(roomy).bytes * (Units(roomy).of(64) * 2 + 1);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  // Both prompts fit, but only one answer does.
  uint32_t answer = static_cast<uint32_t>(3 * Units(roomy).page_tokens);
  Request older = make_request(60, answer, 1), younger = make_request(60, answer, 2);
  std::vector<Outcome> outcomes = run_all(tight.engine(), {older, younger});
  EXPECT_EQ(outcomes[0], run_all(roomy.engine(), {older}).front());
  EXPECT_EQ(outcomes[1].reason, FinishReason::kError);
  EXPECT_NE(outcomes[1].error.find("no room"), std::string::npos) << outcomes[1].error;
}

TEST(EngineMemory, TooLittleForOneSequenceIsRefusedAtLoad) {
  auto description = describe_fixture("tiny");
  ASSERT_TRUE(description.ok());
  description.value().engine.memory = 1000;
  RegistryOptions options;
  options.directories.push_back({TENON_PLUGINS, PluginDirectory::Trust::kInstalled});
  PluginRegistry registry(options);
  auto assembly = Assembly::make(std::move(description).value(), registry, {});
  ASSERT_FALSE(assembly.ok());
  EXPECT_EQ(assembly.error().code, TENON_OUT_OF_MEMORY);
  EXPECT_NE(assembly.error().text.find("1000 bytes"), std::string::npos) << assembly.error().text;
}

}  // namespace
}  // namespace tenon::testing
