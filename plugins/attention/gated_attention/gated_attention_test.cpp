#include "gated_attention.hpp"

#include <tests/testing/plugin_bench.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace tenon::testing {
namespace {

constexpr int64_t kModelDim = 40;
constexpr uint32_t kPositions = 256;  // room of a sequence

std::vector<float> inputs(int64_t tokens, uint32_t seed = 5) { return random_floats(tokens * kModelDim, seed); }

std::vector<float> rows(const std::vector<float>& x, int64_t begin, int64_t end) {
  return {x.begin() + begin * kModelDim, x.begin() + end * kModelDim};
}

void append(std::vector<float>& x, const std::vector<float>& y) { x.insert(x.end(), y.begin(), y.end()); }

struct Options {
  int64_t heads = 4, kv_heads = 2, head_dim = 32;
  uint32_t pairs = 6;
  bool bias = false;
  std::string kv_type = "f32";
  float norm_offset = 1;
  std::vector<float> gains;  // of q_norm and k_norm; empty: random
  uint32_t page_tokens = 16;
  int32_t context_first = 0;
  Isa isa = widest_isa();
  uint32_t threads = 2;

  std::map<std::string, ConfigValue> config() const {
    return {
        {"heads", heads}, {"kv_heads", kv_heads}, {"head_dim", head_dim}, {"bias", bias}, {"kv_type", kv_type}};
  }
};

// One mixer with weights, and memory for two sequences: ours, and others.
struct Mixer {
  explicit Mixer(const Options& s = {})
      : options(s),
        host(s.isa, s.threads),
        object(make_object<tenon_token_mixer>(TENON_TOKEN_MIXER, s.config(), host)) {
    tenon_model_shape shape = test_shape(kModelDim, s.pairs);
    shape.norm_offset = s.norm_offset;
    tenon_limits limits = test_limits(s.threads);
    needs.size = sizeof(needs);
    EXPECT_TRUE(object.call(&tenon_token_mixer::plan, &shape, &limits, &needs).ok());
    for (const char* name : {"q_norm", "k_norm"})
      if (!s.gains.empty()) weights.set(name, s.gains);
    EXPECT_TRUE(object.call(&tenon_token_mixer::bind, weights.raw()).ok());
    int32_t count = (kPositions + s.page_tokens - 1) / s.page_tokens;
    for (int32_t i = 0; i < count; ++i) pages.push_back(i), other_pages.push_back(count + i);
    bench.emplace(needs, s.page_tokens, 2 * count, 0, s.pairs);
  }

  StepPart part(int32_t phase, uint32_t tokens, int32_t first) const {
    return {tokens, first, phase, pages, -1, {}, options.context_first};
  }
  // Runs one step over the rows of x; returns y.
  std::vector<float> run(const std::vector<StepPart>& parts, std::vector<float> x) {
    bench->set(parts);
    std::vector<float> y(x.size());
    tenon_tensor tx = tensor_of(Matrix(x.data(), bench->step().tokens, kModelDim));
    tenon_tensor ty = tensor_of(Matrix(y.data(), bench->step().tokens, kModelDim));
    EXPECT_TRUE(object.call(&tenon_token_mixer::forward, &bench->step(), &bench->state(), &tx, &ty).ok());
    return y;
  }
  // The tokens x of our sequence from position `first` on.
  std::vector<float> prefill(const std::vector<float>& x, int32_t first) {
    return run({part(TENON_PREFILL, static_cast<uint32_t>(x.size() / kModelDim), first)}, x);
  }
  std::vector<float> decode_one_by_one(const std::vector<float>& x, int32_t first) {
    std::vector<float> y;
    for (int32_t t = 0; t * kModelDim < static_cast<int64_t>(x.size()); ++t)
      append(y, run({part(TENON_DECODE, 1, first + t)}, rows(x, t, t + 1)));
    return y;
  }
  // What the page of a position holds: keys [G, K], then values [G, K].
  std::vector<double> stored(int64_t position) const {
    int bytes = options.kv_type == "f32" ? 4 : 2;  // bfloat16 is the upper half of a float32
    const std::byte* from = bench->page(pages[position / options.page_tokens]);
    from += position % options.page_tokens * needs.bytes_per_token;
    std::vector<double> numbers;
    for (int64_t i = 0; i < 2 * options.kv_heads * options.head_dim; ++i) {
      float number = 0;
      std::memcpy(reinterpret_cast<std::byte*>(&number) + 4 - bytes, from + i * bytes, bytes);
      numbers.push_back(number);
    }
    return numbers;
  }

  Options options;
  TestHost host;
  PluginObject<tenon_token_mixer> object;
  TestWeights weights;
  tenon_needs needs{};
  std::vector<int32_t> pages, other_pages;
  std::optional<StepBench> bench;
};

// The README's formulas in double precision, for a sequence that begins at context_first.
struct Reference {
  explicit Reference(const Mixer& mixer) : options(mixer.options), weights(mixer.weights) {}

  std::vector<double> run(const std::vector<float>& x) { return project(x), attend(); }

  std::vector<double> linear(const std::string& name, const std::vector<double>& x) const {
    std::span<const float> bias;
    if (options.bias) bias = weights.values(name + "_bias");
    return naive_linear(weights.values(name + "_proj"), x, bias);
  }

  void norm_and_turn(double* x, const char* gain, double position) const {
    double mean = 0;
    for (int64_t i = 0; i < options.head_dim; ++i) mean += x[i] * x[i] / options.head_dim;
    for (int64_t i = 0; i < options.head_dim; ++i)
      x[i] *= (options.norm_offset + weights.values(gain)[i]) / std::sqrt(mean + 1e-6);
    for (uint32_t i = 0; i < options.pairs; ++i) {
      double angle = position * 0.1 / (i + 1), first = x[i], second = x[i + options.pairs];
      x[i] = first * std::cos(angle) - second * std::sin(angle);
      x[i + options.pairs] = second * std::cos(angle) + first * std::sin(angle);
    }
  }

  void project(const std::vector<float>& x) {
    int64_t K = options.head_dim;
    for (size_t t = 0; t * kModelDim < x.size(); ++t) {
      std::vector<double> row(x.begin() + t * kModelDim, x.begin() + (t + 1) * kModelDim);
      std::vector<double> query = linear("q", row), key = linear("k", row);
      double position = options.context_first + static_cast<double>(t);
      for (int64_t h = 0; h < options.heads; ++h) norm_and_turn(query.data() + h * 2 * K, "q_norm", position);
      for (int64_t g = 0; g < options.kv_heads; ++g) norm_and_turn(key.data() + g * K, "k_norm", position);
      queries.push_back(query), keys.push_back(key), values.push_back(linear("v", row));
    }
  }

  std::vector<double> attend() const {
    std::vector<double> y;
    for (size_t t = 0; t < queries.size(); ++t) {
      std::vector<double> heads;
      for (int64_t h = 0; h < options.heads; ++h)
        for (double number : attend_head(t, h)) heads.push_back(number);
      for (double number : linear("o", heads)) y.push_back(number);
    }
    return y;
  }

  std::vector<double> attend_head(size_t t, int64_t h) const {
    int64_t K = options.head_dim, at = h / (options.heads / options.kv_heads) * K;
    const double* q = queries[t].data() + h * 2 * K;
    std::vector<double> scores(t + 1), out(K);
    for (size_t p = 0; p <= t; ++p)
      for (int64_t i = 0; i < K; ++i) scores[p] += q[i] * keys[p][at + i] / std::sqrt(double(K));
    double most = *std::max_element(scores.begin(), scores.end()), sum = 0;
    for (double score : scores) sum += std::exp(score - most);
    for (int64_t i = 0; i < K; ++i) {
      for (size_t p = 0; p <= t; ++p) out[i] += std::exp(scores[p] - most) / sum * values[p][at + i];
      out[i] /= 1 + std::exp(-q[K + i]);  // the gate
    }
    return out;
  }

  const Options& options;
  const TestWeights& weights;
  std::vector<std::vector<double>> queries;       // [T][H * 2K] normed, turned queries, and gates
  std::vector<std::vector<double>> keys, values;  // [T][G * K] keys normed and turned
};

void expect_matches_the_formulas(const Options& options, int64_t tokens, const std::string& what) {
  Mixer mixer(options);
  std::vector<float> x = inputs(tokens);
  EXPECT_LT(relative_error(mixer.prefill(x, options.context_first), Reference(mixer).run(x)), 1e-5) << what;
}

TEST(GatedAttention, PrefillMatchesTheFormulas) {
  for (Isa isa : available_isas()) {
    expect_matches_the_formulas({.isa = isa}, 150, name_of(isa));
    expect_matches_the_formulas({.bias = true, .isa = isa}, 20, std::string("biases ") + name_of(isa));
    expect_matches_the_formulas({.norm_offset = 0, .isa = isa}, 20, std::string("plain gains ") + name_of(isa));
  }
}

TEST(GatedAttention, DecodeMatchesTheFormulas) {
  for (Isa isa : available_isas()) {
    Mixer mixer({.bias = true, .isa = isa});
    std::vector<float> x = inputs(80), y = mixer.decode_one_by_one(x, 0);
    EXPECT_LT(relative_error(y, Reference(mixer).run(x)), 1e-5) << name_of(isa);
  }
}

TEST(GatedAttention, DecodeContinuesAPrefillAroundTheTileOf64) {
  for (int32_t first : {0, 1})
    for (int64_t length : {1, 63, 64, 65, 127, 128, 129}) {
      Mixer mixer({.context_first = first});
      std::vector<float> x = inputs(length + 2);
      std::vector<float> y = mixer.prefill(rows(x, 0, length), first);
      append(y, mixer.decode_one_by_one(rows(x, length, length + 2), static_cast<int32_t>(first + length)));
      EXPECT_LT(relative_error(y, Reference(mixer).run(x)), 1e-5)
          << length << " tokens from position " << first;
    }
}

TEST(GatedAttention, AnyShapeMatchesTheFormulas) {
  expect_matches_the_formulas({.heads = 17, .kv_heads = 1}, 70, "17 query heads share a key head");
  expect_matches_the_formulas({.heads = 66, .kv_heads = 2, .head_dim = 16}, 70,
                              "33 query heads share a key head");
  expect_matches_the_formulas({.heads = 3, .kv_heads = 3}, 70, "a key head for each query head");
  expect_matches_the_formulas({.pairs = 0}, 70, "nothing turns");
  expect_matches_the_formulas({.pairs = 16}, 70, "the whole head turns");
  expect_matches_the_formulas({.head_dim = 48, .pairs = 5}, 70, "head_dim 48");
}

TEST(GatedAttention, LargeScoresDoNotOverflow) {
  Mixer mixer({.gains = std::vector<float>(32, 20.0f)});  // scores of a thousand and more keep fewer digits
  std::vector<float> x = inputs(130);
  EXPECT_LT(relative_error(mixer.prefill(x, 0), Reference(mixer).run(x)), 1e-3);
}

TEST(GatedAttention, PageSizesAndPageNumbersDoNotChangeABit) {
  std::vector<float> x = inputs(140), expected;
  for (uint32_t page_tokens : {16u, 1u, 7u, 64u, kPositions})
    for (bool is_shuffled : {false, true}) {
      Mixer mixer({.page_tokens = page_tokens});
      if (is_shuffled) std::shuffle(mixer.pages.begin(), mixer.pages.end(), std::mt19937(3));
      std::vector<float> y = mixer.prefill(rows(x, 0, 130), 0);
      append(y, mixer.decode_one_by_one(rows(x, 130, 140), 130));
      if (expected.empty()) expected = y;
      EXPECT_EQ(y, expected) << "pages of " << page_tokens << (is_shuffled ? ", shuffled" : "");
    }
}

TEST(GatedAttention, PrefillCutAnywhereIsBitEqual) {
  std::vector<float> x = inputs(131);
  Mixer whole;
  EXPECT_EQ(whole.needs.chunk_tokens, 1u);
  std::vector<float> expected = whole.prefill(x, 0);
  for (int32_t cut : {1, 2, 17, 63, 64, 65, 100, 128, 130}) {
    Mixer mixer;
    std::vector<float> y = mixer.prefill(rows(x, 0, cut), 0);
    append(y, mixer.prefill(rows(x, cut, 131), cut));
    EXPECT_EQ(y, expected) << cut;
  }
}

TEST(GatedAttention, TokensDecodedAtOnceEqualOneByOneAndReplaceRejectedOnes) {
  std::vector<float> x = inputs(70);
  for (uint32_t count : {2u, 5u}) {
    Mixer at_once, one_by_one;
    at_once.prefill(rows(x, 0, 62), 0), one_by_one.prefill(rows(x, 0, 62), 0);
    at_once.run({at_once.part(TENON_DECODE, 8, 62)}, inputs(8, 77));
    std::vector<float> drafts = rows(x, 62, 62 + count);
    std::vector<float> y = at_once.run({at_once.part(TENON_DECODE, count, 62)}, drafts);
    EXPECT_EQ(y, one_by_one.decode_one_by_one(drafts, 62)) << count;
  }
}

TEST(GatedAttention, OtherSequencesDoNotChangeABit) {
  std::vector<float> x = inputs(70), others = inputs(40, 9);
  Mixer alone;
  std::vector<float> expected = alone.prefill(x, 0);

  Mixer crowded;
  std::vector<int32_t>& pages = crowded.other_pages;
  StepPart early{5, 0, TENON_PREFILL, {pages[0]}}, decode{1, 5, TENON_DECODE, {pages[0]}};
  StepPart late{34, 0, TENON_PREFILL, {pages[4], pages[2], pages[3]}};
  crowded.run({early}, rows(others, 0, 5));
  std::vector<float> all = rows(others, 5, 6);
  append(all, x), append(all, rows(others, 6, 40));
  std::vector<float> y = crowded.run({decode, crowded.part(TENON_PREFILL, 70, 0), late}, all);
  EXPECT_EQ(rows(y, 1, 71), expected);
}

TEST(GatedAttention, ThreadsDoNotChangeABit) {
  std::vector<float> x = inputs(100);
  EXPECT_EQ(Mixer({.threads = 1}).prefill(x, 0), Mixer({.threads = 3}).prefill(x, 0));
}

TEST(GatedAttention, NeverReadsWhatLiesBeforeTheContext) {
  // Memory begins as NaN: a read of position 0 would show in the output.
  Mixer mixer({.context_first = 1});
  std::vector<float> x = inputs(66), y = mixer.prefill(rows(x, 0, 60), 1);
  append(y, mixer.decode_one_by_one(rows(x, 60, 66), 61));
  EXPECT_LT(relative_error(y, Reference(mixer).run(x)), 1e-5);
  for (double number : mixer.stored(0)) EXPECT_TRUE(std::isnan(number));
  for (double number : mixer.stored(67)) EXPECT_TRUE(std::isnan(number));
}

TEST(GatedAttention, BFloat16PagesCostOnlyTheirRounding) {
  for (Isa isa : available_isas()) {
    Mixer mixer({.kv_type = "bf16", .isa = isa});
    std::vector<float> x = inputs(130), y = mixer.prefill(rows(x, 0, 120), 0);
    append(y, mixer.decode_one_by_one(rows(x, 120, 130), 120));
    Reference reference(mixer);
    EXPECT_LT(relative_error(y, reference.run(x)), 1.0 / 128) << name_of(isa);
    for (size_t p = 0; p < 130; ++p) {
      std::vector<double> stored = mixer.stored(p), exact = reference.keys[p];
      exact.insert(exact.end(), reference.values[p].begin(), reference.values[p].end());
      for (size_t i = 0; i < exact.size(); ++i)
        EXPECT_NEAR(stored[i], exact[i], std::fabs(exact[i]) / 256 + 1e-5)
            << "position " << p << " element " << i;
      reference.keys[p].assign(stored.begin(), stored.begin() + 64);
      reference.values[p].assign(stored.begin() + 64, stored.end());
    }
    EXPECT_LT(relative_error(y, reference.attend()), 1e-5) << name_of(isa);
  }
}

TEST(GatedAttention, TracesTheKeysAndValuesOfTheFirstSequence) {
  Mixer mixer;
  std::string names;
  mixer.host.trace().is_on = true;
  mixer.host.trace().receive = [&](const std::string& name, const tenon_tensor& value) {
    EXPECT_EQ(std::vector<int64_t>(value.shape, value.shape + 3), (std::vector<int64_t>{2, 20, 32})) << name;
    names += name;
    for (int64_t p = 0; p < 20; ++p)
      for (int64_t i = 0; i < 64; ++i)
        EXPECT_EQ(static_cast<float*>(value.data)[(i / 32 * 20 + p) * 32 + i % 32],
                  mixer.stored(p)[(name == "v" ? 64 : 0) + i])
            << name << " of position " << p << " element " << i;
  };
  mixer.prefill(inputs(20), 0);
  EXPECT_EQ(names, "kv");
}

TEST(GatedAttention, RefusesHeadsThatDoNotDivide) {
  Options options{.heads = 3, .kv_heads = 2};
  auto object = create_object<tenon_token_mixer>(TENON_TOKEN_MIXER, options.config(), TestHost());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text, "test: heads is 3, must be a multiple of kv_heads (test:1:1)");
}

TEST(GatedAttention, RefusesRotationWiderThanAHead) {
  Mixer mixer;
  tenon_model_shape shape = test_shape(kModelDim, 17);
  tenon_limits limits = test_limits(2);
  Status status = mixer.object.call(&tenon_token_mixer::plan, &shape, &limits, &mixer.needs);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, TENON_INVALID);
  EXPECT_EQ(status.error().text, "test: position.rotary_dim is 34, must be at most head_dim, 32");
}

}  // namespace
}  // namespace tenon::testing
