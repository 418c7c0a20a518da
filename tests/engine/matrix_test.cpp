// Whatever is switched on, the tokens and every bit of the logits stay the same: of a fixture, of the demo
// model with its FP8 weights, and of the demo model in q4_0, whose products are of packed weights and 8-bit
// activations. Each pair of settings of each two features occurs in some row.
#include <tests/testing/model_bench.hpp>
#include <tests/testing/quantised_demo.hpp>
#include <tests/testing/temp_dir.hpp>
#include <tests/testing/test_constraint.hpp>

#include <tenon/base/check.hpp>

#include <gtest/gtest.h>

#include <map>

namespace tenon::testing {
namespace {

struct Features {
  uint32_t drafts;  // guessed at a time; 0: no speculator
  bool prefix_cache;
  int64_t page_tokens;  // 0: chosen
  uint32_t tokens_per_step;
  uint32_t threads;
  bool is_tight;    // memory for less than all sequences
  bool is_crowded;  // all requests at once, or one after the other
};

std::string text_of(const Features& f) {
  return std::to_string(f.drafts) + " drafts, prefix cache " + (f.prefix_cache ? "on" : "off") + ", pages of " +
         std::to_string(f.page_tokens) + ", steps of " + std::to_string(f.tokens_per_step) + ", " +
         std::to_string(f.threads) + " threads, " + (f.is_tight ? "tight" : "roomy") + ", " +
         (f.is_crowded ? "crowded" : "alone");
}

std::filesystem::path path_of(const std::string& model) {
  if (model == "tiny") return TENON_FIXTURES "/tiny";
  if (model == "demo") return TENON_SOURCE "/models/demo";
  static TempDir folder;
  static const std::filesystem::path quantised = [] {
    std::filesystem::path file = folder.path() / "demo-q4_0.gguf";
    Status written = quantise_demo(file);
    TENON_CHECK(written.ok(), "{}", written.error().text);
    return file;
  }();
  return quantised;
}

uint64_t tight_memory(const std::string& model, Features f);

Tweak with(const std::string& model, const Features& f) {
  return [=](ModelDescription& d) {
    d.speculative->draft_tokens = f.drafts, d.speculative->adaptive = false;
    d.cache.config.entries["prefix_cache"] = {f.prefix_cache, Place{"test"}};
    d.cache.config.entries["page_tokens"] = {f.page_tokens, Place{"test"}};
    d.engine.tokens_per_step = f.tokens_per_step;
    d.engine.threads = f.threads;
    if (f.is_tight) d.engine.memory = tight_memory(model, f);
  };
}

// As much as the longest request needs, and half as much again.
uint64_t tight_memory(const std::string& model, Features f) {
  f.is_tight = false;
  TestModel roomy = TestModel::at(path_of(model), with(model, f));
  CacheUnits units(roomy);
  return units.bytes * units.of(190 + 17 + f.drafts) * 3 / 2;
}

// Prompts around the edges of chunks, some with a common beginning, greedy and sampled, free and constrained.
std::vector<Request> requests() {
  std::vector<Request> made;
  uint32_t seed = 20;
  for (uint32_t length : {1u, 63u, 64u, 65u, 100u, 129u, 190u, 74u}) {
    ++seed;
    Request request = make_request(length, 10 + seed % 7, seed % 3, seed % 2 ? 0.0 : 0.9);
    request.sampling.seed = seed;
    if (seed % 4 > 1) request.constraint = hash_constraint(3, 14);
    made.push_back(request);
  }
  return made;
}

std::vector<Outcome> outcomes_of(Engine& engine, bool is_crowded) {
  if (is_crowded) return run_all(engine, requests());
  std::vector<Outcome> outcomes;
  for (const Request& request : requests()) outcomes.push_back(run_all(engine, {request}).front());
  return outcomes;
}

void PrintTo(const Features& features, std::ostream* out) { *out << text_of(features); }

// What the model says without any of them.
const std::vector<Outcome>& expected_of(const std::string& model) {
  static std::map<std::string, std::vector<Outcome>> expected;
  if (!expected.contains(model)) {
    Features none{0, false, 0, 512, 1, false, false};
    expected[model] = outcomes_of(TestModel::at(path_of(model), with(model, none)).engine(), false);
  }
  return expected[model];
}

class Matrix : public ::testing::TestWithParam<std::tuple<std::string, Features>> {};

TEST_P(Matrix, NothingChangesAToken) {
  const auto& [name, features] = GetParam();
  const std::vector<Outcome>& expected = expected_of(name);
  TestModel model = TestModel::at(path_of(name), with(name, features));
  for (int round = 0; round < 2; ++round) {  // the second finds what the first left behind
    std::vector<Outcome> computed = outcomes_of(model.engine(), features.is_crowded);
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(computed[i].tokens, expected[i].tokens)
          << text_of(features) << ": request " << i << computed[i].error;
      EXPECT_EQ(computed[i].logprobs, expected[i].logprobs) << text_of(features) << ": request " << i;
    }
  }
  Status checked = model.engine().check();
  EXPECT_TRUE(checked.ok()) << checked.error().text;
  EXPECT_EQ(model.engine().stats().cache.used_by_sequences, 0u);
  EXPECT_EQ(model.engine().stats().drafted > 0, features.drafts > 0);
}

INSTANTIATE_TEST_SUITE_P(Pairs, Matrix,
                         ::testing::Combine(::testing::Values("tiny", "demo", "demo in q4_0"),
                                            ::testing::Values(Features{0, true, 16, 128, 2, true, true},     //
                                                              Features{0, true, 0, 512, 1, true, true},      //
                                                              Features{0, false, 64, 100, 1, false, false},  //
                                                              Features{1, true, 64, 128, 1, false, true},    //
                                                              Features{1, false, 0, 512, 2, true, false},    //
                                                              Features{1, true, 16, 100, 1, false, false},   //
                                                              Features{2, true, 0, 100, 2, false, false},    //
                                                              Features{2, false, 16, 512, 1, true, true},    //
                                                              Features{2, true, 64, 128, 2, true, false},    //
                                                              Features{4, false, 0, 128, 1, true, true},     //
                                                              Features{4, true, 64, 512, 2, false, false},   //
                                                              Features{4, true, 16, 160, 2, true, true})));

}  // namespace
}  // namespace tenon::testing
