#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

TEST(EngineMemory, RequestsThatDoNotFitTogetherAreServedInTurn) {
  TestModel roomy("tiny");
  std::vector<Request> requests;
  for (uint32_t seed = 1; seed <= 6; ++seed) requests.push_back(make_request(100 + seed, 20, seed));
  std::vector<Outcome> expected = run_all(roomy.engine(), requests);

  uint64_t memory = CacheUnits(roomy).bytes * CacheUnits(roomy).of(130) * 2;
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  EXPECT_EQ(run_all(tight.engine(), requests), expected);
}

TEST(EngineMemory, ARequestThatCanNeverFitIsRefusedWithTheNumbers) {
  TestModel roomy("tiny");
  uint64_t memory = CacheUnits(roomy).bytes * CacheUnits(roomy).of(100);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  auto refusal_of = [&](uint32_t prompt, uint32_t answer) {
    auto id = tight.engine().submit(make_request(prompt, answer), [](const TokenEvent&) {});
    return id.ok() ? "" : id.error().text;
  };
  uint32_t room = tight.assembly().tokens_max();
  EXPECT_GE(room, 100u);
  EXPECT_LT(room, 100u + CacheUnits(roomy).page_tokens);
  EXPECT_EQ(refusal_of(300, 10),
            "request: prompt is 300 tokens long and its answer up to 10, the cache has room for " +
                std::to_string(room) + " tokens of one request");
  EXPECT_NE(refusal_of(20, room - 19), "");
  EXPECT_NE(refusal_of(300, 0).find("300 tokens long and its answer up to 1, "), std::string::npos)
      << refusal_of(300, 0);
  EXPECT_EQ(run_all(tight.engine(), {make_request(20, room - 20)})[0].tokens.size(), room - 20);
  // Without a number the answer may take what is left.
  EXPECT_EQ(run_all(tight.engine(), {make_request(20, 0)})[0].tokens.size(), room - 20);
}

TEST(EngineMemory, AllOfItComesBack) {
  TestModel roomy("tiny");
  uint64_t memory = CacheUnits(roomy).bytes * CacheUnits(roomy).of(200);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  // Each needs nearly everything: a unit that went missing would refuse a later one.
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Outcome outcome = run_all(tight.engine(), {make_request(150, 40, seed)}).front();
    EXPECT_EQ(outcome.reason, FinishReason::kLength) << outcome.error;
  }
}

TEST(EngineMemory, WhenMemoryRunsOutTheYoungestGivesWayAndComesBack) {
  TestModel roomy("tiny");
  uint64_t memory = CacheUnits(roomy).bytes * (CacheUnits(roomy).of(64) * 2 + 1);
  TestModel tight("tiny", [&](ModelDescription& d) { d.engine.memory = memory; });
  // Both prompts fit, but only one answer does.
  uint32_t answer = static_cast<uint32_t>(3 * CacheUnits(roomy).page_tokens);
  std::vector<Request> requests = {make_request(60, answer, 1), make_request(60, answer, 2, 0.9)};
  EXPECT_EQ(run_all(tight.engine(), requests), run_all(roomy.engine(), requests));
  EXPECT_GT(tight.engine().stats().preemptions, 0u);
  EXPECT_EQ(roomy.engine().stats().preemptions, 0u);
  EXPECT_TRUE(tight.engine().check().ok());
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
