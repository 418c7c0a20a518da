#include <tenon/engine/sampler.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <set>

namespace tenon {
namespace {

constexpr int32_t kVocabulary = 8;

Sequence sequence_with(const SamplingParameters& sampling, std::vector<int32_t> prompt = {0}) {
  Request request;
  request.prompt = prompt;
  request.sampling = sampling;
  return Sequence(1, std::move(request), {}, {});
}

// How often each token comes, over many seeds.
std::vector<int> counts_over_seeds(const std::vector<float>& logits, SamplingParameters sampling, int draws) {
  Sampler sampler(kVocabulary, widest_isa());
  std::vector<int> counts(kVocabulary);
  for (int seed = 0; seed < draws; ++seed) {
    sampling.seed = static_cast<uint64_t>(seed);
    std::vector<float> row = logits;
    ++counts[static_cast<size_t>(*sampler.draw(row, sequence_with(sampling)))];
  }
  return counts;
}

std::set<int> kept_of(const std::vector<int>& counts) {
  std::set<int> kept;
  for (int token = 0; token < kVocabulary; ++token)
    if (counts[static_cast<size_t>(token)] > 0) kept.insert(token);
  return kept;
}

const std::vector<float> kLogits = {std::log(0.4f), std::log(0.05f), std::log(0.2f),  std::log(0.1f),
                                    std::log(0.1f), std::log(0.05f), std::log(0.05f), std::log(0.05f)};

TEST(Sampler, DrawsByProbability) {
  constexpr int kDraws = 20000;
  std::vector<int> counts = counts_over_seeds(kLogits, {}, kDraws);
  double chi_square = 0;
  for (int token = 0; token < kVocabulary; ++token) {
    double expected = std::exp(kLogits[static_cast<size_t>(token)]) * kDraws;
    chi_square += std::pow(counts[static_cast<size_t>(token)] - expected, 2) / expected;
  }
  EXPECT_LT(chi_square, 24.3);  // 7 degrees of freedom, probability 0.001
}

TEST(Sampler, ZeroTemperatureTakesTheGreatestAndOfEqualsTheLowest) {
  SamplingParameters sampling;
  sampling.temperature = 0;
  Sampler sampler(4, widest_isa());
  std::vector<float> row = {1, 3, 3, 2};
  EXPECT_EQ(sampler.draw(row, sequence_with(sampling)), 1);
}

TEST(Sampler, TopKKeepsTheMostProbable) {
  SamplingParameters sampling;
  sampling.top_k = 2;
  EXPECT_EQ(kept_of(counts_over_seeds(kLogits, sampling, 2000)), (std::set<int>{0, 2}));
  sampling.top_k = 3;  // of the two equal ones the lower id
  EXPECT_EQ(kept_of(counts_over_seeds(kLogits, sampling, 2000)), (std::set<int>{0, 2, 3}));
}

TEST(Sampler, TopPKeepsTheFewestWithThatProbability) {
  SamplingParameters sampling;
  sampling.top_p = 0.5;  // 0.4 is not enough, 0.4 + 0.2 is
  EXPECT_EQ(kept_of(counts_over_seeds(kLogits, sampling, 2000)), (std::set<int>{0, 2}));
  sampling.top_p = 0;
  EXPECT_EQ(kept_of(counts_over_seeds(kLogits, sampling, 200)), (std::set<int>{0}));
}

TEST(Sampler, MinPKeepsAShareOfTheGreatest) {
  SamplingParameters sampling;
  sampling.min_p = 0.2;  // at least 0.08
  EXPECT_EQ(kept_of(counts_over_seeds(kLogits, sampling, 4000)), (std::set<int>{0, 2, 3, 4}));
}

TEST(Sampler, LowTemperatureSharpens) {
  SamplingParameters sampling;
  sampling.temperature = 0.1;  // 0.4 against 0.2 becomes 1024 to 1
  std::vector<int> counts = counts_over_seeds(kLogits, sampling, 2000);
  EXPECT_GT(counts[0], 1980);
}

TEST(Sampler, PenaltiesComeOffTheLogits) {
  SamplingParameters sampling;
  sampling.temperature = 0;
  Sequence sequence = sequence_with(sampling, {2});
  sequence.tokens = {2, 1, 1};
  Sampler sampler(4, widest_isa());
  auto draw = [&](std::vector<float> row) { return *sampler.draw(row, sequence); };

  sequence.request.sampling.presence_penalty = 0.5;
  EXPECT_EQ(draw({1.0f, 1.4f, 0.0f, 0.0f}), 0);
  EXPECT_EQ(draw({1.0f, 1.6f, 0.0f, 0.0f}), 1);
  sequence.request.sampling.frequency_penalty = 0.5;  // twice 0.5, and 0.5
  EXPECT_EQ(draw({1.0f, 2.4f, 0.0f, 0.0f}), 0);
  EXPECT_EQ(draw({1.0f, 2.6f, 0.0f, 0.0f}), 1);
  // The prompt's token 2 is not penalised by these two ...
  EXPECT_EQ(draw({1.0f, 0.0f, 1.1f, 0.0f}), 2);
  // ... but by repetition, which divides positive logits and multiplies negative ones.
  sequence.request.sampling.presence_penalty = sequence.request.sampling.frequency_penalty = 0;
  sequence.request.sampling.repetition_penalty = 2;
  EXPECT_EQ(draw({1.0f, 0.0f, 1.9f, 0.0f}), 0);
  EXPECT_EQ(draw({1.0f, 0.0f, 2.1f, 0.0f}), 2);
  EXPECT_EQ(draw({-1.0f, -9.0f, -0.6f, -9.0f}), 0);
  EXPECT_EQ(draw({-1.0f, -9.0f, -0.4f, -9.0f}), 2);
}

TEST(Sampler, DrawsNothingFromARowThatIsNotFinite) {
  Sampler sampler(40, widest_isa());
  for (size_t place : {0u, 15u, 16u, 39u})
    for (float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity()}) {
      std::vector<float> row(40, 1.0f);
      row[place] = wrong;
      EXPECT_EQ(sampler.draw(row, sequence_with({})), std::nullopt) << place << " " << wrong;
    }
}

// All candidates sorted, as docs/sampling.md says it; the sampler looks at the most probable ones only, as long
// as they decide.
int32_t drawn_plainly(const std::vector<float>& row, const SamplingParameters& sampling) {
  std::vector<int32_t> tokens(row.size());
  std::iota(tokens.begin(), tokens.end(), 0);
  auto logit = [&](int32_t token) { return row[static_cast<size_t>(token)]; };
  std::stable_sort(tokens.begin(), tokens.end(), [&](int32_t a, int32_t b) { return logit(a) > logit(b); });
  if (sampling.top_k > 0) tokens.resize(std::min(tokens.size(), static_cast<size_t>(sampling.top_k)));
  auto weight = [&](int32_t token) {
    return std::exp((double{logit(token)} - logit(tokens[0])) / sampling.temperature);
  };
  double total = 0, kept = 0;
  for (int32_t token : tokens) total += weight(token);
  size_t keep = 0;
  while (keep < tokens.size() &&
         (keep == 0 || (kept < sampling.top_p * total && weight(tokens[keep]) >= sampling.min_p)))
    kept += weight(tokens[keep++]);
  double target = kept * uniform_draw(sampling.seed, 0);
  for (size_t i = 0; i + 1 < keep; ++i)
    if ((target -= weight(tokens[i])) < 0) return tokens[i];
  return tokens[keep - 1];
}

TEST(Sampler, DrawsFromAShortListAsFromAllCandidates) {
  constexpr uint32_t kMany = 3000;
  std::mt19937_64 random(1);
  Sampler sampler(kMany, widest_isa());
  for (int i = 0; i < 600; ++i) {
    std::normal_distribution<float> normal(0, i % 3 == 0 ? 0.01f : static_cast<float>(i % 5));
    std::vector<float> row(kMany);
    for (float& logit : row) logit = normal(random);
    SamplingParameters sampling;
    sampling.seed = static_cast<uint64_t>(i);
    sampling.temperature = 0.2 + 0.1 * (i % 17);
    if (i % 2 == 0) sampling.top_k = 1 << (i % 13);
    if (i % 7 < 4) sampling.top_p = 0.3 + 0.1 * (i % 7);
    if (i % 11 < 3) sampling.min_p = 0.02 * (i % 11);
    int32_t plain = drawn_plainly(row, sampling);
    EXPECT_EQ(*sampler.draw(row, sequence_with(sampling)), plain) << i;
  }
}

TEST(LogitRows, EverySetOfInstructionsFindsTheSame) {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal(0, 3);
  for (size_t count : {1u, 7u, 16u, 33u, 1000u}) {
    std::vector<float> row(count);
    for (float& logit : row) logit = normal(random);
    row[count / 2] = row[count - 1] = 20;  // equals
    double sum = 0;
    for (float logit : row) sum += std::exp((double{logit} - 20) / 0.7);
    for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
      if (isa > widest_isa()) continue;
      LogitRows rows(isa);
      LogitSummary summary = rows.summarise(row);
      EXPECT_TRUE(summary.is_finite);
      EXPECT_EQ(summary.greatest, 20);
      EXPECT_EQ(summary.token, static_cast<int32_t>(count / 2));
      EXPECT_NEAR(rows.sum_exp(row, 20, 0.7), sum, 1e-6 * sum);
      std::vector<LogitCandidate> found(count);
      found.resize(rows.collect(row, 1.5f, found));
      size_t next = 0;
      for (size_t token = 0; token < count; ++token)
        if (row[token] >= 1.5f) {
          ASSERT_LT(next, found.size());
          EXPECT_EQ(found[next].token, static_cast<int32_t>(token));
          EXPECT_EQ(found[next++].logit, row[token]);
        }
      EXPECT_EQ(next, found.size());
    }
  }
}

TEST(UniformDraw, IsPhiloxOfSeedAndIndex) {
  // Philox4x32-10 of the zero counter and key begins 6627e8d5 e169c58d (Random123's known answers).
  EXPECT_EQ(uniform_draw(0, 0), static_cast<double>((uint64_t{0x6627e8d5} << 32 | 0xe169c58d) >> 11) * 0x1p-53);
}

TEST(UniformDraw, DiffersForEverySeedAndIndex) {
  std::set<double> seen;
  for (uint64_t seed = 0; seed < 100; ++seed)
    for (uint64_t index = 0; index < 100; ++index) {
      double draw = uniform_draw(seed, index);
      EXPECT_GE(draw, 0.0);
      EXPECT_LT(draw, 1.0);
      seen.insert(draw);
    }
  EXPECT_EQ(seen.size(), 10000u);
}

}  // namespace
}  // namespace tenon
