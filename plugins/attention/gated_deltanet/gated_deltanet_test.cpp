#include "gated_deltanet.hpp"

#include <tests/testing/plugin_bench.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::testing {
namespace {

constexpr int64_t kModelDim = 40, kKeyHeads = 2, kValueHeads = 4, kKeyDim = 16, kValueDim = 32, kWindow = 4;
constexpr int64_t kChannels = 2 * kKeyHeads * kKeyDim + kValueHeads * kValueDim;

using Settings = std::map<std::string, ConfigValue>;

Settings with_dims(Settings settings) {
  settings.insert(
      {{"key_heads", kKeyHeads}, {"value_heads", kValueHeads}, {"key_dim", kKeyDim}, {"value_dim", kValueDim}});
  return settings;
}

// One mixer with weights, and memory for a few sequences.
struct Mixer {
  // given: weights in place of random ones.
  explicit Mixer(Isa isa = widest_isa(), uint32_t threads = 2, const Settings& settings = {},
                 const std::map<std::string, std::vector<float>>& given = {})
      : host(isa, threads),
        object(make_object<tenon_token_mixer>(TENON_TOKEN_MIXER, with_dims(settings), host)) {
    tenon_model_shape shape = test_shape(kModelDim);
    tenon_limits limits = test_limits(threads);
    needs.size = sizeof(needs);
    EXPECT_TRUE(object.call(&tenon_token_mixer::plan, &shape, &limits, &needs).ok());
    // A_log and dt_bias as trained models have them: decays between almost nothing and almost everything.
    weights.set("A_log", {-2.0f, -0.5f, 0.7f, 1.5f});
    weights.set("dt_bias", {0.5f, -1.0f, 1.0f, -3.0f});
    for (const auto& [name, values] : given) weights.set(name, values);
    EXPECT_TRUE(object.call(&tenon_token_mixer::bind, weights.raw()).ok());
    bench.emplace(needs, 1, 0, 16, 0);
  }

  // Runs one step over the rows of x; returns y.
  std::vector<float> run(const std::vector<StepPart>& parts, std::vector<float> x) {
    bench->set(parts);
    std::vector<float> y(x.size());
    tenon_tensor tx = tensor_of(Matrix(x.data(), bench->step().tokens, kModelDim));
    tenon_tensor ty = tensor_of(Matrix(y.data(), bench->step().tokens, kModelDim));
    Status status = object.call(&tenon_token_mixer::forward, &bench->step(), &bench->state(), &tx, &ty);
    EXPECT_TRUE(status.ok()) << status.error().text;
    return y;
  }
  std::vector<float> slot(int32_t index) {
    return {bench->slot(index), bench->slot(index) + needs.bytes_per_sequence / sizeof(float)};
  }

  TestHost host;
  PluginObject<tenon_token_mixer> object;
  TestWeights weights;
  tenon_needs needs{};
  std::optional<StepBench> bench;
};

std::vector<float> inputs(int64_t tokens, uint32_t seed = 5) { return random_floats(tokens * kModelDim, seed); }

std::vector<float> rows(const std::vector<float>& x, int64_t begin, int64_t end) {
  return {x.begin() + begin * kModelDim, x.begin() + end * kModelDim};
}

StepPart prefill(uint32_t tokens, int32_t first, int32_t slot_start, int32_t slot_save) {
  StepPart part{tokens, first, TENON_PREFILL, {}, slot_start, std::vector<int32_t>(tokens, -1)};
  part.slot_save.back() = slot_save;
  return part;
}

StepPart decode(int32_t first, int32_t slot_start, std::vector<int32_t> saves) {
  return {static_cast<uint32_t>(saves.size()), first, TENON_DECODE, {}, slot_start, saves};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The README's formulas, token by token in double precision.
class Reference {
 public:
  explicit Reference(const TestWeights& weights)
      : weights_(weights), state_(kValueHeads * kKeyDim * kValueDim) {}

  std::vector<double> run(const std::vector<float>& x) {
    std::vector<double> y;
    for (size_t t = 0; t * kModelDim < x.size(); ++t) {
      std::vector<double> row = token({x.begin() + t * kModelDim, x.begin() + (t + 1) * kModelDim});
      y.insert(y.end(), row.begin(), row.end());
    }
    return y;
  }
  const std::vector<double>& state() const { return state_; }

 private:
  std::vector<double> linear(const char* name, const std::vector<double>& x) const {
    const std::vector<float>& w = weights_.values(name);
    std::vector<double> y(w.size() / x.size());
    for (size_t n = 0; n < y.size(); ++n)
      for (size_t m = 0; m < x.size(); ++m) y[n] += w[n * x.size() + m] * x[m];
    return y;
  }

  std::vector<double> convolve(const std::vector<double>& qkvz) {
    constexpr int64_t kGroup = kValueHeads / kKeyHeads * kValueDim, kPerKey = 2 * kKeyDim + 2 * kGroup;
    std::vector<double> input(kChannels);
    for (int64_t j = 0; j < kKeyHeads; ++j) {
      const double* from = qkvz.data() + j * kPerKey;
      for (int64_t i = 0; i < kKeyDim; ++i) {
        input[j * kKeyDim + i] = from[i];
        input[(kKeyHeads + j) * kKeyDim + i] = from[kKeyDim + i];
      }
      for (int64_t i = 0; i < kGroup; ++i)
        input[2 * kKeyHeads * kKeyDim + j * kGroup + i] = from[2 * kKeyDim + i];
    }
    history_.push_back(input);
    const std::vector<float>& taps = weights_.values("conv1d");
    std::vector<double> mixed(kChannels);
    for (int64_t c = 0; c < kChannels; ++c) {
      for (int64_t w = 0; w < kWindow; ++w) {
        int64_t at = static_cast<int64_t>(history_.size()) - kWindow + w;
        if (at >= 0) mixed[c] += taps[c * kWindow + w] * history_[at][c];
      }
      mixed[c] *= sigmoid(mixed[c]);
    }
    return mixed;
  }

  static std::vector<double> normalised(const double* x, double factor) {
    double sum = 1e-6;
    for (int64_t i = 0; i < kKeyDim; ++i) sum += x[i] * x[i];
    std::vector<double> y(x, x + kKeyDim);
    for (double& value : y) value *= factor / std::sqrt(sum);
    return y;
  }

  std::vector<double> token(const std::vector<float>& row) {
    std::vector<double> x(row.begin(), row.end());
    std::vector<double> qkvz = linear("in_proj_qkvz", x), ba = linear("in_proj_ba", x), mixed = convolve(qkvz);
    std::vector<double> out;
    for (int64_t h = 0; h < kValueHeads; ++h) {
      std::vector<double> head = delta_rule(h, mixed, ba);
      double mean = 0;
      for (double value : head) mean += value * value / kValueDim;
      int64_t group = kValueHeads / kKeyHeads, key = h / group;
      const double* z = qkvz.data() + key * (2 * kKeyDim + 2 * group * kValueDim) + 2 * kKeyDim +
                        (group + h % group) * kValueDim;
      for (int64_t v = 0; v < kValueDim; ++v)
        out.push_back(head[v] / std::sqrt(mean + 1e-6) * weights_.values("norm")[v] * z[v] * sigmoid(z[v]));
    }
    return linear("out_proj", out);
  }

  std::vector<double> delta_rule(int64_t h, const std::vector<double>& mixed, const std::vector<double>& ba) {
    int64_t group = kValueHeads / kKeyHeads, key = h / group;
    std::vector<double> q = normalised(mixed.data() + key * kKeyDim, 1 / std::sqrt(double(kKeyDim)));
    std::vector<double> k = normalised(mixed.data() + (kKeyHeads + key) * kKeyDim, 1);
    const double* v = mixed.data() + 2 * kKeyHeads * kKeyDim + h * kValueDim;
    double b = ba[key * 2 * group + h % group], a = ba[key * 2 * group + group + h % group];
    double g = -std::exp(weights_.values("A_log")[h]) * std::log1p(std::exp(a + weights_.values("dt_bias")[h]));
    double* state = state_.data() + h * kKeyDim * kValueDim;
    for (int64_t i = 0; i < kKeyDim * kValueDim; ++i) state[i] *= std::exp(g);
    std::vector<double> out(kValueDim);
    for (int64_t c = 0; c < kValueDim; ++c) {
      double answer = 0;
      for (int64_t i = 0; i < kKeyDim; ++i) answer += state[i * kValueDim + c] * k[i];
      double delta = sigmoid(b) * (v[c] - answer);
      for (int64_t i = 0; i < kKeyDim; ++i) {
        state[i * kValueDim + c] += k[i] * delta;
        out[c] += state[i * kValueDim + c] * q[i];
      }
    }
    return out;
  }

  const TestWeights& weights_;
  std::vector<double> state_;                 // [H, K, V]
  std::vector<std::vector<double>> history_;  // inputs of the convolution
};

TEST(GatedDeltaNet, PrefillMatchesTheFormulas) {
  for (Isa isa : available_isas()) {
    Mixer mixer(isa);
    Reference reference(mixer.weights);
    std::vector<float> x = inputs(150);
    EXPECT_LT(relative_error(mixer.run({prefill(150, 0, -1, 3)}, x), reference.run(x)), 1e-5) << name_of(isa);
    std::vector<float> slot = mixer.slot(3);
    slot.resize(reference.state().size());
    EXPECT_LT(relative_error(slot, reference.state()), 1e-5) << name_of(isa);
  }
}

TEST(GatedDeltaNet, DecodeMatchesTheFormulas) {
  for (Isa isa : available_isas()) {
    Mixer mixer(isa);
    Reference reference(mixer.weights);
    std::vector<float> x = inputs(30), y;
    for (int32_t t = 0; t < 30; ++t) {
      std::vector<float> row = mixer.run({decode(t, t == 0 ? -1 : 2, {2})}, rows(x, t, t + 1));
      y.insert(y.end(), row.begin(), row.end());
    }
    EXPECT_LT(relative_error(y, reference.run(x)), 1e-5) << name_of(isa);
  }
}

TEST(GatedDeltaNet, DecodeContinuesAPrefillAtEveryLength) {
  for (uint32_t length : {1u, 2u, 3u, 4u, 5u, 63u, 64u, 65u, 127u, 128u, 130u}) {
    Mixer mixer;
    Reference reference(mixer.weights);
    std::vector<float> x = inputs(length + 2);
    std::vector<float> y = mixer.run({prefill(length, 0, -1, 0)}, rows(x, 0, length));
    for (int32_t t = length; t < static_cast<int32_t>(length) + 2; ++t) {
      std::vector<float> row = mixer.run({decode(t, 0, {0})}, rows(x, t, t + 1));
      y.insert(y.end(), row.begin(), row.end());
    }
    EXPECT_LT(relative_error(y, reference.run(x)), 1e-5) << length;
  }
}

TEST(GatedDeltaNet, PrefillCutAtChunksIsBitEqual) {
  std::vector<float> x = inputs(200);
  Mixer whole;
  std::vector<float> expected = whole.run({prefill(200, 0, -1, 0)}, x);
  for (int32_t cut : {64, 128, 192}) {
    Mixer mixer;
    std::vector<float> y = mixer.run({prefill(cut, 0, -1, 1)}, rows(x, 0, cut));
    std::vector<float> rest = mixer.run({prefill(200 - cut, cut, 1, 2)}, rows(x, cut, 200));
    y.insert(y.end(), rest.begin(), rest.end());
    EXPECT_EQ(y, expected) << cut;
    EXPECT_EQ(mixer.slot(2), whole.slot(0)) << cut;
  }
}

TEST(GatedDeltaNet, OtherSequencesDoNotChangeABit) {
  std::vector<float> x = inputs(70), others = inputs(100, 9);
  Mixer alone;
  std::vector<float> expected = alone.run({prefill(70, 0, -1, 0)}, x);

  Mixer crowded;
  crowded.run({prefill(5, 0, -1, 7)}, rows(others, 0, 5));
  std::vector<float> all = rows(others, 5, 6);  // a decode, our prefill, another prefill
  all.insert(all.end(), x.begin(), x.end());
  std::vector<float> last = rows(others, 6, 50);
  all.insert(all.end(), last.begin(), last.end());
  std::vector<float> y = crowded.run({decode(5, 7, {7}), prefill(70, 0, -1, 0), prefill(44, 0, -1, 4)}, all);
  EXPECT_EQ(rows(y, 1, 71), expected);
  EXPECT_EQ(crowded.slot(0), alone.slot(0));
}

TEST(GatedDeltaNet, ThreadsDoNotChangeABit) {
  std::vector<float> x = inputs(100);
  Mixer one(widest_isa(), 1), three(widest_isa(), 3);
  EXPECT_EQ(one.run({prefill(100, 0, -1, 0)}, x), three.run({prefill(100, 0, -1, 0)}, x));
  EXPECT_EQ(one.slot(0), three.slot(0));
}

TEST(GatedDeltaNet, DraftsLeaveTheStateAfterEachToken) {
  std::vector<float> x = inputs(10);
  Mixer drafted, plain;
  std::vector<float> first = drafted.run({prefill(6, 0, -1, 0)}, rows(x, 0, 6));
  std::vector<float> drafts = drafted.run({decode(6, 0, {1, 2, 3, 0})}, rows(x, 6, 10));

  plain.run({prefill(6, 0, -1, 0)}, rows(x, 0, 6));
  for (int32_t i = 0; i < 4; ++i) {
    std::vector<float> y = plain.run({decode(6 + i, i == 0 ? 0 : 10 + i - 1, {10 + i})}, rows(x, 6 + i, 7 + i));
    EXPECT_EQ(y, rows(drafts, i, i + 1)) << i;
    EXPECT_EQ(plain.slot(10 + i), drafted.slot(i == 3 ? 0 : i + 1)) << i;
  }
}

TEST(GatedDeltaNet, ReadsOnlyItsOwnSlot) {
  // Slots begin as NaN: a stray read would show in the output.
  Mixer mixer;
  std::vector<float> y = mixer.run({prefill(3, 0, -1, 5)}, inputs(3));
  for (float value : y) EXPECT_TRUE(std::isfinite(value));
  for (int32_t other : {4, 6})
    for (float value : mixer.slot(other)) EXPECT_TRUE(std::isnan(value));
}

TEST(GatedDeltaNet, RefusesHeadsThatDoNotDivide) {
  TestHost host;
  PluginUse use;
  for (auto [key, value] : {std::pair{"key_heads", 3}, {"value_heads", 4}, {"key_dim", 16}, {"value_dim", 16}})
    use.config.entries[key] = {int64_t{value}, Place{"model.toml", 7, 3}};
  auto object =
      PluginObject<tenon_token_mixer>::create(linked_plugin(), TENON_TOKEN_MIXER, use, host.make_host("mixer"));
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text, "mixer: value_heads is 4, must be a multiple of key_heads (model.toml:7:3)");
}

// Rows of in_proj_qkvz as the split layout has them: all q, all k, all v in one matrix, all z in the other.
std::map<std::string, std::vector<float>> split_weights(const TestWeights& grouped) {
  constexpr int64_t kGroup = kValueHeads / kKeyHeads * kValueDim, kPerKey = 2 * kKeyDim + 2 * kGroup;
  const std::vector<float>& from = grouped.values("in_proj_qkvz");
  auto take = [&](std::vector<float>& to, int64_t first, int64_t count) {
    for (int64_t j = 0; j < kKeyHeads; ++j) {
      auto row = from.begin() + (j * kPerKey + first) * kModelDim;
      to.insert(to.end(), row, row + count * kModelDim);
    }
  };
  std::map<std::string, std::vector<float>> split;
  take(split["in_proj_qkv"], 0, kKeyDim);
  take(split["in_proj_qkv"], kKeyDim, kKeyDim);
  take(split["in_proj_qkv"], 2 * kKeyDim, kGroup);
  take(split["in_proj_z"], 2 * kKeyDim + kGroup, kGroup);
  for (float a_log : grouped.values("A_log")) split["A"].push_back(-std::exp(a_log));
  return split;
}

TEST(GatedDeltaNet, ComputesTheSameFromEitherLayoutOfItsWeights) {
  Mixer grouped;
  Mixer split(widest_isa(), 2, {{"projections", "split"}, {"decay", "A"}}, split_weights(grouped.weights));
  std::vector<float> x = inputs(70);
  EXPECT_EQ(split.run({prefill(67, 0, -1, 1)}, rows(x, 0, 67)),
            grouped.run({prefill(67, 0, -1, 1)}, rows(x, 0, 67)));
  EXPECT_EQ(split.run({decode(67, 1, {2, 3, 4})}, rows(x, 67, 70)),
            grouped.run({decode(67, 1, {2, 3, 4})}, rows(x, 67, 70)));
  EXPECT_EQ(split.slot(4), grouped.slot(4));
}

}  // namespace
}  // namespace tenon::testing
