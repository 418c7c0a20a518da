// However weights are kept, packed in memory, in a file beside the model, or read expert by expert, the tokens
// and every bit of the logits are the same; and what is said when that cannot be done.
#include <tests/testing/model_bench.hpp>
#include <tests/testing/quantised_demo.hpp>
#include <tests/testing/temp_dir.hpp>

#include <tenon/base/log.hpp>

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

namespace tenon::testing {
namespace {

// What is logged while it lives.
class LogListener {
 public:
  LogListener() : before_(log().sinks()) {
    log().sinks() = {std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
    log().set_pattern("%v");
  }
  ~LogListener() { log().sinks() = before_; }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::vector<spdlog::sink_ptr> before_;
};

// The demo model in q4_0, in a folder of its own.
class KeptWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string quantised = [] {
      TempDir once;
      EXPECT_TRUE(quantise_demo(once / "demo.gguf").ok());
      return content_of(once / "demo.gguf");
    }();
    dir.write("demo.gguf", quantised);
  }

  TestModel model(const std::function<void(WeightsSection&)>& change = {}) const {
    return TestModel::at(dir / "demo.gguf", [&](ModelDescription& d) {
      d.engine.threads = 2, d.speculative->draft_tokens = 2;
      if (change) change(d.weights);
    });
  }
  static std::vector<Outcome> outcomes_of(TestModel model) {
    return run_all(model.engine(), {make_request(70, 12), make_request(3, 9, 2, 0.8), make_request(130, 5, 3)});
  }
  // What the log says while the model is loaded with a file of packed weights, and its answers.
  std::vector<Outcome> with_packed_file(std::string* logged) const {
    LogListener listener;
    auto outcomes = outcomes_of(model([](WeightsSection& weights) { weights.packed_cache = true; }));
    *logged = replaced(listener.text(), packed().string(), "FILE");
    return outcomes;
  }
  std::filesystem::path packed() const { return dir / "demo.gguf.tenon-packed"; }

  TempDir dir;
};

TEST_F(KeptWeights, AFileOfPackedWeightsIsMadeOnceAndChangesNothing) {
  std::vector<Outcome> expected = outcomes_of(model());
  EXPECT_FALSE(std::filesystem::exists(packed()));
  std::string logged;
  EXPECT_EQ(with_packed_file(&logged), expected);
  auto made = std::filesystem::last_write_time(packed());
  EXPECT_EQ(logged, "");
  EXPECT_EQ(with_packed_file(&logged), expected);
  EXPECT_EQ(logged, "");
  EXPECT_EQ(std::filesystem::last_write_time(packed()), made);
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"demo.gguf", "demo.gguf.tenon-packed"}));
}

TEST_F(KeptWeights, AFileThatDoesNotFitIsMadeAnewWithOneLine) {
  std::string logged;
  std::vector<Outcome> expected = with_packed_file(&logged);
  std::string good = content_of(packed()), corrupt = good;
  corrupt[corrupt.size() / 2] ^= 4;
  for (const std::string& bad :
       {std::string("something else"), good.substr(0, good.size() / 2), good + "x", corrupt}) {
    dir.write(packed().filename(), bad);
    EXPECT_EQ(with_packed_file(&logged), expected);
    EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 1) << logged;
    EXPECT_TRUE(logged.starts_with("FILE: is ") && logged.ends_with("; it is made anew\n")) << logged;
    EXPECT_EQ(content_of(packed()), good);
  }
  // The model's file is written to: its time tells.
  std::filesystem::last_write_time(dir / "demo.gguf",
                                   std::filesystem::last_write_time(packed()) + std::chrono::hours(1));
  EXPECT_EQ(with_packed_file(&logged), expected);
  EXPECT_EQ(logged,
            "FILE: was made from another checkpoint, or from this one before it changed; it is made anew\n");
}

TEST_F(KeptWeights, WhereNoFileCanBeMadeWeightsArePackedInMemory) {
  std::vector<Outcome> expected = outcomes_of(model());
  std::filesystem::create_directory(packed());
  std::string logged;
  EXPECT_EQ(with_packed_file(&logged), expected);
  EXPECT_TRUE(logged.ends_with("FILE: Is a directory; weights are packed in memory\n")) << logged;
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"demo.gguf", "demo.gguf.tenon-packed"}));
}

// From one expert at a time to all of them.
TEST_F(KeptWeights, ExpertsInAnyAmountOfMemoryChangeNothing) {
  std::vector<Outcome> expected = outcomes_of(model());
  std::vector<Outcome> plain = outcomes_of(model([](WeightsSection& weights) { weights.pack = false; }));
  for (uint64_t bytes : {uint64_t{21'000}, uint64_t{200'000}, uint64_t{600'000}, uint64_t{1} << 30})
    for (bool has_file : {false, true}) {
      TestModel cached = model([=](WeightsSection& weights) {
        weights.expert_cache_bytes = bytes, weights.packed_cache = has_file;
      });
      EXPECT_EQ(run_all(cached.engine(), {make_request(70, 12)}).front(), expected.front()) << bytes;
      ExpertCacheStats stats = cached.engine().stats().experts;
      EXPECT_LE(stats.bytes, bytes);
      EXPECT_GT(stats.bytes_read, 0u);
      EXPECT_EQ(outcomes_of(std::move(cached)), expected) << bytes;
      EXPECT_EQ(outcomes_of(model([=](WeightsSection& weights) {
                  weights.expert_cache_bytes = bytes, weights.pack = false;
                })),
                plain)
          << bytes;
    }
}

TEST_F(KeptWeights, AnErrorOfTheFileEndsTheStepsRequestsAndNamesIt) {
  TestModel cached =
      model([](WeightsSection& weights) { weights.expert_cache_bytes = 21'000, weights.packed_cache = true; });
  std::vector<Request> requests = {make_request(70, 12), make_request(20, 5, 2)};
  std::vector<Outcome> expected = run_all(cached.engine(), requests);
  std::string content = content_of(packed());
  // Only what is read without the mapping may go: the processor would say so of the rest.
  std::string damaged = content;
  for (size_t at = 4096; at < damaged.size(); at += 512) damaged[at] ^= 1;
  std::fstream(packed(), std::ios::in | std::ios::out | std::ios::binary) << damaged;
  for (const Outcome& outcome : run_all(cached.engine(), requests)) {
    EXPECT_EQ(outcome.reason, FinishReason::kError);
    EXPECT_NE(outcome.error.find(packed().string() + ": is corrupt: "), std::string::npos) << outcome.error;
  }
  std::fstream(packed(), std::ios::in | std::ios::out | std::ios::binary) << content;
  EXPECT_EQ(run_all(cached.engine(), requests), expected);
}

TEST_F(KeptWeights, AFileThatIsCutShortWhileItIsReadEndsTheStepsRequestsToo) {
  TestModel cached = model([](WeightsSection& weights) { weights.expert_cache_bytes = 21'000; });
  Checkpoint checkpoint = Checkpoint::open(dir / "demo.gguf").value();
  const std::byte* experts = checkpoint.find("blk.5.ffn_down_exps.weight")->data;
  std::filesystem::resize_file(dir / "demo.gguf", checkpoint.find_place(experts)->offset + 100);
  Outcome outcome = run_all(cached.engine(), {make_request(70, 12)}).front();
  EXPECT_EQ(outcome.reason, FinishReason::kError);
  EXPECT_NE(outcome.error.find("demo.gguf: was cut short while in use"), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace tenon::testing
