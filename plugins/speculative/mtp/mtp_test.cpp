#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_speculator.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::testing {
namespace {

constexpr int64_t kModelDim = 12, kVocabulary = 32;

// Simple known functions in place of the model's two ends and of the head's layer, and a log of their calls.
class FakeLayers final : public LayerProvider {
 public:
  struct Call {
    std::vector<int32_t> positions, token_start, phase;
    std::vector<float> x;
    const void *workspace, *pages;
  };

  Result<tenon_layer*> create(const std::string& mixer, const std::string& experts, uint32_t index) override {
    created = mixer + " " + experts + " " + std::to_string(index);
    return reinterpret_cast<tenon_layer*>(this);  // opaque: only handed back
  }
  Result<tenon_needs> plan(tenon_layer&) override {
    tenon_needs needs{};
    needs.size = sizeof(needs);
    needs.chunk_tokens = 1, needs.bytes_per_token = 96, needs.bytes_per_sequence = bytes_per_sequence;
    needs.workspace_bytes = 640, needs.saves_every_token = 1;
    return needs;
  }
  Status bind(tenon_layer&) override { return ++binds, ok(); }
  // y[d] = x[d + 1] + position / 20
  Status forward(tenon_layer&, const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) override {
    if (!failure.empty()) return Error{TENON_DEVICE, failure};
    calls.push_back({{step.positions, step.positions + step.tokens},
                     {step.token_start, step.token_start + step.sequences + 1},
                     {step.phase, step.phase + step.sequences},
                     {x.data, x.data + x.rows * x.columns},
                     step.workspace,
                     state.pages});
    for (int64_t t = 0; t < x.rows; ++t)
      for (int64_t d = 0; d < kModelDim; ++d)
        y.row(t)[d] = x.row(t)[(d + 1) % kModelDim] + static_cast<float>(step.positions[t]) / 20;
    return ok();
  }
  Status embed(const int32_t* tokens, Matrix y) override {
    for (int64_t r = 0; r < y.rows; ++r)
      std::copy_n(embedding.data() + tokens[r] * kModelDim, kModelDim, y.row(r));
    return ok();
  }
  Status head(Matrix x, Matrix logits) override {
    for (int64_t r = 0; r < x.rows; ++r) {
      std::vector<double> row = naive_linear(head_weight, {x.row(r), x.row(r) + kModelDim});
      std::copy(row.begin(), row.end(), logits.row(r));
    }
    return ok();
  }
  // Hands out the same step each time, as the core does, also when it is the one to be continued.
  Result<const tenon_step*> next(const tenon_step& step) override {
    std::vector<int32_t> after;
    for (uint32_t s = 0; s < step.sequences; ++s)
      after.push_back(step.positions[step.token_start[s + 1] - 1] + 1);
    positions_ = after, phase_.assign(after.size(), TENON_DECODE), token_start_.clear();
    for (uint32_t s = 0; s <= step.sequences; ++s) token_start_.push_back(static_cast<int32_t>(s));
    next_ = step;
    next_.tokens = step.sequences, next_.token_start = token_start_.data(), next_.phase = phase_.data();
    next_.positions = next_.context_length = positions_.data();
    return &next_;
  }

  std::vector<float> embedding = random_floats(kVocabulary * kModelDim, 21);
  std::vector<float> head_weight = random_floats(kVocabulary * kModelDim, 22);
  uint64_t bytes_per_sequence = 0;
  std::string failure, created;
  int binds = 0;
  std::vector<Call> calls;

 private:
  tenon_step next_{};
  std::vector<int32_t> positions_, token_start_, phase_;
};

// The pairs of one sequence: the first token's position, the tokens, the model's hidden states before them.
struct Pairs {
  int32_t first;
  std::vector<int32_t> tokens;
  std::vector<float> hidden;
};

Pairs pairs(int32_t first, std::vector<int32_t> tokens, uint32_t seed) {
  return {first, tokens, random_floats(tokens.size() * kModelDim, seed)};
}

const std::vector<Pairs> kUnequal = {pairs(1, {3}, 1), pairs(7, {30, 4, 4, 9}, 2), pairs(2, {0, 31}, 3)};

// One speculator with weights over fake layers.
struct Head {
  explicit Head(float norm_offset = 1, std::map<std::string, std::vector<float>> given = {})
      : host(widest_isa(), 2, &layers),
        object(make_object<tenon_speculator>(
            TENON_SPECULATOR, {{"mixer", std::string("full")}, {"experts", std::string("sparse")}}, host)) {
    shape.norm_offset = norm_offset;
    EXPECT_TRUE(plan().ok());
    for (auto& [name, values] : given) weights.set(name, values);
    EXPECT_TRUE(object.call(&tenon_speculator::bind, weights.raw()).ok());
    bench.emplace(needs, 16, 8, 0, 0);
  }

  Status plan() {
    uint32_t count = 0;
    tenon_limits limits = test_limits(2, 64, 8);
    needs.size = sizeof(needs);
    TENON_TRY(object.call(&tenon_speculator::plan, &shape, &limits, &needs, 1u, &count));
    EXPECT_EQ(count, 1u);
    return ok();
  }

  Status try_propose(const std::vector<Pairs>& sequences, uint32_t count) {
    std::vector<StepPart> parts;
    std::vector<int32_t> tokens;
    std::vector<float> hidden;
    for (const Pairs& p : sequences) {
      parts.push_back({static_cast<uint32_t>(p.tokens.size()), p.first, TENON_PREFILL, {0}, -1, {}, 1});
      tokens.insert(tokens.end(), p.tokens.begin(), p.tokens.end());
      hidden.insert(hidden.end(), p.hidden.begin(), p.hidden.end());
    }
    bench->set(parts);
    tenon_tensor hidden_view = tensor_of(Matrix(hidden.data(), bench->step().tokens, kModelDim));
    proposed.assign(sequences.size() * count + 1, -9);
    tenon_draft draft{};
    draft.size = sizeof(draft);
    draft.draft_tokens = count, draft.tokens = tokens.data(), draft.hidden = &hidden_view;
    draft.proposed = proposed.data();
    return object.call(&tenon_speculator::propose, &bench->step(), &bench->state(), &draft);
  }
  // [S, count]
  std::vector<int32_t> propose(const std::vector<Pairs>& sequences, uint32_t count) {
    Status status = try_propose(sequences, count);
    EXPECT_TRUE(status.ok()) << status.error().text;
    EXPECT_EQ(proposed.back(), -9) << "written beyond the guesses";
    return {proposed.begin(), proposed.end() - 1};
  }

  tenon_model_shape shape = test_shape(kModelDim);
  FakeLayers layers;
  TestHost host;
  PluginObject<tenon_speculator> object;
  TestWeights weights;
  tenon_needs needs{};
  std::optional<StepBench> bench;
  std::vector<int32_t> proposed;
};

// The README's formulas in double precision, over the fake layers' functions.
struct Reference {
  explicit Reference(const Head& h) : head(h) {}

  std::vector<double> norm(const std::vector<double>& x, const char* gain) const {
    double mean = 0;
    for (double value : x) mean += value * value / kModelDim;
    std::vector<double> y = x;
    for (int64_t d = 0; d < kModelDim; ++d)
      y[d] *= (head.shape.norm_offset + head.weights.values(gain)[d]) / std::sqrt(mean + 1e-6);
    return y;
  }
  std::vector<double> logits(const std::vector<double>& x) const {
    return naive_linear(head.layers.head_weight, x);
  }

  // The head's hidden state after one pair.
  std::vector<double> pair(const std::vector<double>& hidden, int32_t token, int32_t position) const {
    auto* embedding = head.layers.embedding.data() + token * kModelDim;
    std::vector<double> joined = norm({embedding, embedding + kModelDim}, "embedding_norm");
    for (double value : norm(hidden, "hidden_norm")) joined.push_back(value);
    std::vector<double> x = naive_linear(head.weights.values("fc"), joined), y(kModelDim);
    for (int64_t d = 0; d < kModelDim; ++d) y[d] = x[(d + 1) % kModelDim] + position / 20.0;
    return norm(y, "norm");
  }
  // Of each pair, [pairs, D].
  std::vector<double> learn(const Pairs& p) const {
    std::vector<double> all;
    for (size_t i = 0; i < p.tokens.size(); ++i) {
      auto at = p.hidden.begin() + i * kModelDim;
      for (double number : pair({at, at + kModelDim}, p.tokens[i], p.first + static_cast<int32_t>(i)))
        all.push_back(number);
    }
    return all;
  }
  std::vector<int32_t> guess(const Pairs& p, uint32_t count) const {
    std::vector<double> all = learn(p), hidden(all.end() - kModelDim, all.end());
    int32_t position = p.first + static_cast<int32_t>(p.tokens.size());
    std::vector<int32_t> guesses;
    for (;; ++position) {
      std::vector<double> scores = logits(hidden);
      guesses.push_back(static_cast<int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
      if (guesses.size() == count) return guesses;
      hidden = pair(hidden, guesses.back(), position);
    }
  }

  const Head& head;
};

// What a run hands to the listener, by name.
std::map<std::string, std::vector<float>> traces_of(Head& head, const std::vector<Pairs>& sequences,
                                                    uint32_t count) {
  std::map<std::string, std::vector<float>> traces;
  head.host.trace().is_on = true;
  head.host.trace().receive = [&](const std::string& name, const tenon_tensor& value) {
    for (int64_t i = 0; i < value.shape[0] * value.shape[1]; ++i)
      traces[name].push_back(value.dtype == TENON_F32
                                 ? static_cast<float*>(value.data)[i]
                                 : static_cast<float>(static_cast<int32_t*>(value.data)[i]));
  };
  head.propose(sequences, count);
  head.host.trace().is_on = false;
  return traces;
}

TEST(Mtp, JoinsTheEmbeddingBeforeTheHiddenState) {
  for (bool is_hidden : {false, true}) {
    std::vector<float> fc(kModelDim * 2 * kModelDim);  // lets one half through
    for (int64_t d = 0; d < kModelDim; ++d) fc[d * 2 * kModelDim + d + (is_hidden ? kModelDim : 0)] = 1;
    Head head(1, {{"fc", fc}});
    Pairs one = pairs(1, {5}, 8);
    head.propose({one}, 1);
    auto* embedding = head.layers.embedding.data() + 5 * kModelDim;
    std::vector<double> expected =
        is_hidden ? Reference(head).norm({one.hidden.begin(), one.hidden.end()}, "hidden_norm")
                  : Reference(head).norm({embedding, embedding + kModelDim}, "embedding_norm");
    EXPECT_LT(relative_error(head.layers.calls.at(0).x, expected), 1e-6)
        << (is_hidden ? "hidden" : "embedding");
  }
}

TEST(Mtp, HiddenStatesMatchTheFormulasWithEitherKindOfGain) {
  for (float offset : {1.0f, 0.0f}) {
    Head head(offset);
    std::vector<double> expected, logits;
    for (const Pairs& p : kUnequal)
      for (double number : Reference(head).learn(p)) expected.push_back(number);
    auto traces = traces_of(head, kUnequal, 2);
    EXPECT_LT(relative_error(traces["hidden"], expected), 1e-5) << "offset " << offset;
    for (size_t t = 0; t < 7; ++t)
      for (double number :
           Reference(head).logits({expected.begin() + t * kModelDim, expected.begin() + (t + 1) * kModelDim}))
        logits.push_back(number);
    EXPECT_LT(relative_error(traces["logits"], logits), 1e-5) << "offset " << offset;
  }
}

TEST(Mtp, DraftsAreTheChainOfTheMostProbableTokens) {
  Head head;
  for (uint32_t count : {1u, 2u, 4u}) {
    std::vector<int32_t> expected;
    for (const Pairs& p : kUnequal)
      for (int32_t token : Reference(head).guess(p, count)) expected.push_back(token);
    EXPECT_EQ(head.propose(kUnequal, count), expected) << count;
  }
}

TEST(Mtp, EachDraftIsOneMoreDecodedPositionPerSequence) {
  Head head;
  head.propose(kUnequal, 3);
  ASSERT_EQ(head.layers.calls.size(), 3u);  // the pairs, then a pair for each guess but the last
  EXPECT_EQ(head.layers.calls[0].positions, (std::vector<int32_t>{1, 7, 8, 9, 10, 2, 3}));
  EXPECT_EQ(head.layers.calls[1].positions, (std::vector<int32_t>{2, 11, 4}));
  EXPECT_EQ(head.layers.calls[2].positions, (std::vector<int32_t>{3, 12, 5}));
  EXPECT_EQ(head.layers.calls[2].token_start, (std::vector<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(head.layers.calls[2].phase, std::vector<int32_t>(3, TENON_DECODE));
}

TEST(Mtp, WithoutDraftTokensItOnlyLearns) {
  Head head;
  auto traces = traces_of(head, kUnequal, 0);
  EXPECT_EQ(head.layers.calls.size(), 1u);
  EXPECT_EQ(traces.count("hidden") + traces.count("logits"), 2u);
  EXPECT_EQ(traces.count("draft_ids"), 0u);
}

TEST(Mtp, OtherSequencesDoNotChangeABit) {
  Head head;
  std::vector<int32_t> together = head.propose(kUnequal, 3), alone;
  std::vector<float> x = head.layers.calls[0].x, x_alone;
  for (const Pairs& p : kUnequal) {
    head.layers.calls.clear();
    for (int32_t token : head.propose({p}, 3)) alone.push_back(token);
    x_alone.insert(x_alone.end(), head.layers.calls[0].x.begin(), head.layers.calls[0].x.end());
  }
  EXPECT_EQ(alone, together);
  EXPECT_EQ(x_alone, x);
}

TEST(Mtp, TracesTheDrafts) {
  Head head;
  std::vector<int32_t> quiet = head.propose(kUnequal, 3);
  EXPECT_EQ(traces_of(head, kUnequal, 3)["draft_ids"], std::vector<float>(quiet.begin(), quiet.end()));
}

TEST(Mtp, ItsLayerGetsItsOwnMemoryAndTheRestOfTheWorkspace) {
  Head head;
  EXPECT_EQ(head.layers.created, "full sparse 0");
  EXPECT_EQ(head.layers.binds, 1);
  EXPECT_EQ(head.needs.bytes_per_token, 96u);
  head.propose(kUnequal, 3);
  for (const FakeLayers::Call& call : head.layers.calls) {
    auto begin = static_cast<const std::byte*>(head.bench->step().workspace);
    auto at = static_cast<const std::byte*>(call.workspace);
    EXPECT_EQ((at - begin) % 64, 0);
    EXPECT_EQ(static_cast<uint64_t>(at - begin) + 640, head.needs.workspace_bytes);
    EXPECT_EQ(call.pages, head.bench->state().pages);
  }
}

TEST(Mtp, PassesOnTheFailureOfItsLayer) {
  Head head;
  head.layers.failure = "layer 0: the device is gone";
  Status status = head.try_propose(kUnequal, 1);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, TENON_DEVICE);
  EXPECT_EQ(status.error().text, "test: layer 0: the device is gone");
}

TEST(Mtp, RefusesALayerWhoseMixerKeepsAStatePerSequence) {
  Head head;
  head.layers.bytes_per_sequence = 64;
  Status status = head.plan();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, TENON_UNSUPPORTED);
  EXPECT_EQ(status.error().text,
            "test: its layer's mixer keeps a state per sequence, expected one that only has pages");
}

}  // namespace
}  // namespace tenon::testing
