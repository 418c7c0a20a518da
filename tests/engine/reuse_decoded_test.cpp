// [cache] reuse_decoded: the next turn of a chat begins after the last answer, with what decode made. That is
// equal in algebra to what is computed otherwise, not in bits; how far off it is gets measured here, and
// printed.
#include <tests/testing/model_bench.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>

namespace tenon::testing {
namespace {

Tweak with_reuse_decoded(bool is_on, bool drafts = false) {
  return [=](ModelDescription& d) {
    d.cache.config.entries["reuse_decoded"] = {is_on, Place{"test"}};
    if (!drafts && d.speculative) d.speculative.reset(), d.weights.storage.ignore.push_back("mtp.*");
    if (drafts) d.speculative->draft_tokens = 3, d.speculative->adaptive = false;
  };
}

// One sequence at a time through model and cache, with the tokens that it is given.
class Runner {
 public:
  explicit Runner(TestModel model)
      : model_(std::move(model)),
        executor_(Executor::make(model_.assembly()).value()),
        batch_(model_.assembly()) {}

  // Log probabilities of the token after the prompt; `answer_max` tokens may follow.
  std::vector<double> begin(const std::vector<int32_t>& prompt, uint32_t answer_max) {
    tokens_ = prompt;
    computed_ = found_ =
        executor_->cache().admit(++id_, prompt, 0, prompt.size(), prompt.size() + answer_max).value();
    while (left() > kPiece) run(kPiece, TENON_PREFILL);
    return run(left(), TENON_PREFILL);
  }
  // The same after one more token.
  std::vector<double> next(int32_t token) {
    tokens_.push_back(token);
    return run(1, TENON_DECODE);
  }
  void end() { executor_->cache().release(id_); }
  // How many tokens of the prompt were there.
  uint32_t found() const { return found_; }

 private:
  static constexpr uint32_t kPiece = 128;

  uint32_t left() const { return static_cast<uint32_t>(tokens_.size()) - computed_; }

  std::vector<double> run(uint32_t count, int32_t phase) {
    Work work{id_, tokens_.data() + computed_, count, computed_, phase, true};
    EXPECT_TRUE(executor_->cache().reserve(work, computed_ + count).ok());
    batch_.fill({&work, 1});
    EXPECT_TRUE(executor_->run(batch_).ok());
    std::vector<int32_t> rows = {static_cast<int32_t>(count) - 1};
    Matrix logits = executor_->logits(rows).value();
    EXPECT_TRUE(executor_->cache().commit(id_, count).ok());
    computed_ += count;
    return log_probabilities({logits.row(0), static_cast<size_t>(logits.columns)});
  }

  static std::vector<double> log_probabilities(std::span<const float> logits) {
    double greatest = *std::max_element(logits.begin(), logits.end()), sum = 0;
    for (float logit : logits) sum += std::exp(logit - greatest);
    std::vector<double> logs;
    for (float logit : logits) logs.push_back(logit - greatest - std::log(sum));
    return logs;
  }

  TestModel model_;
  std::unique_ptr<Executor> executor_;
  Batch batch_;
  std::vector<int32_t> tokens_;
  uint64_t id_ = 0;
  uint32_t computed_ = 0, found_ = 0;
};

int32_t greedy(const std::vector<double>& logs) {
  return static_cast<int32_t>(std::max_element(logs.begin(), logs.end()) - logs.begin());
}

double divergence(const std::vector<double>& exact, const std::vector<double>& other) {
  double sum = 0;
  for (size_t i = 0; i < exact.size(); ++i) sum += std::exp(exact[i]) * (exact[i] - other[i]);
  return std::max(sum, 0.0);
}

// What a measurement came to. Next-token distributions are those of answers, the same tokens given to both.
struct Difference {
  uint32_t positions = 0, other_tokens = 0;          // compared; and those with another most probable token
  double sum = 0, max = 0;                           // of KL(exact || reused), nats
  uint64_t prompts = 0, found = 0, found_exact = 0;  // tokens

  void add(const std::vector<double>& exact, const std::vector<double>& other) {
    double kl = divergence(exact, other);
    ++positions, sum += kl, max = std::max(max, kl);
    other_tokens += greedy(exact) != greedy(other);
  }
  double mean() const { return sum / positions; }
  void print(const char* name) const {
    std::printf(
        "%s: %u distributions, KL mean %.2g max %.2g nats, %u other greedy tokens; of %lu prompt tokens "
        "%lu reused, %lu without reuse_decoded\n",
        name, positions, mean(), max, other_tokens, prompts, found, found_exact);
  }
};

// A logit that is off by rounding, some 1e-6, comes to a divergence of the order of its square. A wrong state
// comes to 1e-3 and more.
void expect_rounding(const Difference& difference) {
  EXPECT_LE(difference.mean(), 1e-9);
  EXPECT_LE(difference.max, 1e-7);
  EXPECT_LE(difference.other_tokens, difference.positions / 1000);
}

// Answers, chosen by the exact distribution, until `eos` or so many tokens.
struct Answering {
  uint32_t tokens_max;
  int32_t eos;
  bool is_sampled;
};

// A chat in which each turn's prompt is all that was said, and what is new.
class Chat {
 public:
  Chat(Runner& exact, Runner& reusing, Difference& difference)
      : exact_(exact), reusing_(reusing), difference_(difference) {}

  void turn(const std::vector<int32_t>& said, const Answering& answering) {
    tokens_.insert(tokens_.end(), said.begin(), said.end());
    std::vector<double> p = exact_.begin(tokens_, answering.tokens_max),
                        q = reusing_.begin(tokens_, answering.tokens_max);
    difference_.prompts += tokens_.size();
    difference_.found += reusing_.found(), difference_.found_exact += exact_.found();
    for (uint32_t i = 1;; ++i) {
      difference_.add(p, q);
      int32_t token = answering.is_sampled ? sampled(p) : greedy(p);
      tokens_.push_back(token);
      if (token == answering.eos || i == answering.tokens_max) break;
      p = exact_.next(token), q = reusing_.next(token);
    }
    exact_.end(), reusing_.end();
  }

 private:
  int32_t sampled(const std::vector<double>& logs) {
    std::vector<double> weights;
    for (double log : logs) weights.push_back(std::exp(log));
    return std::discrete_distribution<int32_t>(weights.begin(), weights.end())(random_);
  }

  Runner &exact_, &reusing_;
  Difference& difference_;
  std::vector<int32_t> tokens_;
  std::mt19937 random_{5};
};

TEST(ReuseDecoded, OnTheTinyFixtureAnswersHardlyChange) {
  Runner exact(TestModel("tiny", with_reuse_decoded(false))),
      reusing(TestModel("tiny", with_reuse_decoded(true)));
  constexpr uint32_t kChats = 3, kTurns = 5;
  Difference difference;
  for (uint32_t i = 0; i < kChats; ++i) {
    Chat chat(exact, reusing, difference);
    for (uint32_t turn = 0; turn < kTurns; ++turn)
      chat.turn(make_request(20 + 13 * turn, 1, 10 * i + turn + 1).prompt, {90, -1, i % 2 == 1});
  }
  difference.print("tiny");
  EXPECT_GT(difference.found, difference.found_exact + kChats * (kTurns - 1) * 50);
  expect_rounding(difference);
}

TEST(ReuseDecoded, OnTheDemoModelAnswersHardlyChange) {
  const char* directory = TENON_SOURCE "/models/demo";
  Runner exact(TestModel::at(directory, with_reuse_decoded(false))),
      reusing(TestModel::at(directory, with_reuse_decoded(true)));
  std::vector<std::vector<int32_t>> prompts;
  std::istringstream lines(read_file(TENON_FIXTURES "/demo/golden_chat.jsonl", 1 << 20).value());
  for (std::string line; std::getline(lines, line);)
    prompts.push_back(parse_json(line, "golden_chat.jsonl").value()["prompt_ids"]);
  constexpr int32_t kEndOfTurn = 3065;
  Difference difference;
  for (size_t first = 0; first < prompts.size(); first += 5) {
    Chat chat(exact, reusing, difference);
    for (size_t turn = 0; turn < prompts.size(); ++turn)
      chat.turn(prompts[(first + turn) % prompts.size()], {100, kEndOfTurn, false});
  }
  difference.print("demo");
  EXPECT_GT(difference.found, difference.found_exact);
  expect_rounding(difference);
}

TEST(ReuseDecoded, ATurnComputesItsNewTokensAndLittleMore) {
  for (bool drafts : {false, true}) {
    TestModel model("tiny", with_reuse_decoded(true, drafts));
    std::vector<int32_t> told = make_request(70, 1, 3).prompt;
    for (uint32_t turn = 0; turn < 10; ++turn) {
      Request request = make_request(1, 40 + turn, turn, turn % 2 ? 0.8 : 0.0);
      request.prompt = told;
      uint64_t before = model.engine().stats().cache.reused_tokens;
      Outcome outcome = run_all(model.engine(), {request}).front();
      uint64_t reused = model.engine().stats().cache.reused_tokens - before;
      // Of an answer, the tokens of its last step are not computed: up to three drafts and the last one.
      uint32_t new_tokens = 5 + 13 * turn;
      if (turn > 0) {
        EXPECT_GT(reused + new_tokens + 64 + 4, told.size()) << drafts << ", turn " << turn;
      }
      told.insert(told.end(), outcome.tokens.begin(), outcome.tokens.end());
      std::vector<int32_t> more = make_request(5 + 13 * (turn + 1), 1, 50 + turn).prompt;
      told.insert(told.end(), more.begin(), more.end());
    }
    EXPECT_TRUE(model.engine().check().ok());
  }
}

}  // namespace
}  // namespace tenon::testing
