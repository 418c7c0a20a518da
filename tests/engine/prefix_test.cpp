// A prompt that begins with what earlier ones left behind gives the same tokens (rule D3), and computes no more
// than it has to.
#include <tests/testing/model_bench.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

namespace tenon::testing {
namespace {

const Tweak kWithoutPrefixes = [](ModelDescription& d) {
  d.cache.config.entries["prefix_cache"] = {false, Place{"test"}};
};

Tweak with_page_tokens(int64_t page_tokens) {
  return [=](ModelDescription& d) { d.cache.config.entries["page_tokens"] = {page_tokens, Place{"test"}}; };
}

// Each turn's prompt: the one before, its answer, and some new tokens.
struct Turn {
  std::vector<int32_t> prompt, answer;
};

std::vector<Turn> chat(Engine& engine, uint32_t turns, double temperature) {
  std::vector<Turn> made;
  std::vector<int32_t> prompt = make_request(70, 1, 3).prompt;
  for (uint32_t turn = 0; turn < turns; ++turn) {
    Request request = make_request(1, 15 + turn, turn, temperature);
    request.prompt = prompt;
    Outcome outcome = run_all(engine, {request}).front();
    made.push_back({prompt, outcome.tokens});
    prompt.insert(prompt.end(), outcome.tokens.begin(), outcome.tokens.end());
    std::vector<int32_t> more = make_request(5 + 13 * turn, 1, 50 + turn).prompt;
    prompt.insert(prompt.end(), more.begin(), more.end());
  }
  return made;
}

TEST(PrefixCache, AChatOfTenTurnsIsTheSameWithAndWithout) {
  TestModel plain("tiny", kWithoutPrefixes);
  for (double temperature : {0.0, 0.8}) {
    std::vector<Turn> expected = chat(plain.engine(), 10, temperature);
    for (int64_t page_tokens : {0, 16, 64}) {
      TestModel model("tiny", with_page_tokens(page_tokens));
      std::vector<Turn> turns = chat(model.engine(), 10, temperature);
      for (size_t i = 0; i < turns.size(); ++i)
        EXPECT_EQ(turns[i].answer, expected[i].answer) << page_tokens << ": turn " << i;
    }
  }
}

TEST(PrefixCache, ATurnComputesItsNewTokensTheLastAnswerAndLessThanAChunkMore) {
  TestModel model("tiny");
  std::vector<Turn> turns = chat(model.engine(), 1, 0);
  for (uint32_t turn = 1; turn < 10; ++turn) {
    Request request = make_request(7 * turn, 12, turn);
    request.prompt.insert(request.prompt.begin(), turns.back().answer.begin(), turns.back().answer.end());
    request.prompt.insert(request.prompt.begin(), turns.back().prompt.begin(), turns.back().prompt.end());
    uint64_t reused = model.engine().stats().cache.reused_tokens;
    Outcome outcome = run_all(model.engine(), {request}).front();
    reused = model.engine().stats().cache.reused_tokens - reused;
    EXPECT_GT(reused + 64, turns.back().prompt.size()) << "turn " << turn;
    turns.push_back({request.prompt, outcome.tokens});
  }
}

TEST(PrefixCache, ATurnWhoseTemplateDropsThinkingComputesLittleMoreToo) {
  TestModel model("tiny");
  std::vector<int32_t> told = make_request(61, 1, 8).prompt;
  for (uint32_t turn = 0; turn < 10; ++turn) {
    Request request = make_request(3, 10, turn);  // the opened think block, which the next turn does not have
    request.prompt.insert(request.prompt.begin(), told.begin(), told.end());
    uint64_t before = model.engine().stats().cache.reused_tokens;
    Outcome outcome = run_all(model.engine(), {request}).front();
    uint64_t reused = model.engine().stats().cache.reused_tokens - before;
    std::vector<int32_t> added = make_request(9 + 7 * turn, 1, 90 + turn).prompt;
    if (turn > 0) {
      EXPECT_GT(reused + 64 + 10 + 9 + 7 * (turn - 1), told.size()) << "turn " << turn;
    }
    told.insert(told.end(), outcome.tokens.begin(), outcome.tokens.end());
    told.insert(told.end(), added.begin(), added.end());
  }
}

// One length of seven is tried; all of them if TENON_TEST_SWEEP is set. See README.md.
uint32_t sweep_step() { return std::getenv("TENON_TEST_SWEEP") ? 1 : 7; }

class PrefixSweep : public ::testing::TestWithParam<int64_t> {};

TEST_P(PrefixSweep, EveryLengthResumesExactlyFromEveryPoint) {
  TestModel plain("tiny", kWithoutPrefixes), cached("tiny", with_page_tokens(GetParam()));
  std::vector<int32_t> tokens = make_request(3 * 64 + 10, 1, 4).prompt;
  uint64_t salt = 0;
  for (uint32_t length = 1; length <= tokens.size(); length += sweep_step()) {
    Request request = make_request(1, 6, length, length % 2 ? 0.7 : 0.0);
    request.prompt.assign(tokens.begin(), tokens.begin() + length);
    Outcome expected = run_all(plain.engine(), {request}).front();
    for (uint32_t resume = 0; resume < length; resume += 64) {
      request.salt = ++salt;  // nothing is found but what is left now
      Request first = request;
      first.prompt.resize(resume + 1), first.max_tokens = 2;
      if (resume > 0) run_all(cached.engine(), {first});
      uint64_t before = cached.engine().stats().cache.reused_tokens;
      EXPECT_EQ(run_all(cached.engine(), {request}).front(), expected) << length << " from " << resume;
      EXPECT_EQ(cached.engine().stats().cache.reused_tokens - before, resume) << length;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(PageTokens, PrefixSweep, ::testing::Values(0, 16, 24, 64));

TEST(PrefixCache, SequencesAtTheSameTimeMayBeginAlike) {
  TestModel plain("tiny", kWithoutPrefixes), cached("tiny");
  std::vector<Request> requests;
  for (uint32_t i = 0; i < 12; ++i) {
    Request request = make_request(i * 9, 10, i, i % 2 ? 0.9 : 0.0);
    std::vector<int32_t> shared = make_request(100 + 64 * (i % 2), 1, 77).prompt;
    request.prompt.insert(request.prompt.begin(), shared.begin(), shared.end());
    requests.push_back(request);
  }
  std::vector<Outcome> expected = run_all(plain.engine(), requests);
  EXPECT_EQ(run_all(cached.engine(), requests), expected);
  EXPECT_EQ(run_all(cached.engine(), requests), expected);
  EXPECT_TRUE(cached.engine().check().ok());
  tenon_cache_stats stats = cached.engine().stats().cache;
  EXPECT_EQ(stats.used_by_sequences, 0u);
  EXPECT_GT(stats.states_kept, 0u);
  EXPECT_GT(stats.kept_for_later, stats.states_kept) << "and pages";
  EXPECT_LE(stats.kept_for_later, stats.pool);
  EXPECT_GT(stats.reused_tokens, 0u);
  EXPECT_LT(stats.reused_tokens, stats.prompt_tokens);
}

TEST(PrefixCache, AnAnswerOfOneTokenLeavesItsWholePrompt) {
  for (uint32_t drafts : {0u, 2u}) {
    TestModel model("tiny", [&](ModelDescription& d) { d.speculative->draft_tokens = drafts; });
    run_all(model.engine(), {make_request(200, 1)});
    run_all(model.engine(), {make_request(200, 8)});
    EXPECT_EQ(model.engine().stats().cache.reused_tokens, 192u) << drafts;
  }
}

TEST(PrefixCache, SaltsShareNothing) {
  TestModel model("tiny");
  Request request = make_request(100, 5);
  for (uint64_t salt : {1, 2, 3}) {
    request.salt = salt;
    run_all(model.engine(), {request});
    EXPECT_EQ(model.engine().stats().cache.reused_tokens, 0u);
  }
  run_all(model.engine(), {request});
  EXPECT_EQ(model.engine().stats().cache.reused_tokens, 64u);
}

}  // namespace
}  // namespace tenon::testing
