#include <tenon/engine/sampler.hpp>

#include <gtest/gtest.h>

#include <cmath>
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
  Sampler sampler(kVocabulary);
  std::vector<int> counts(kVocabulary);
  for (int seed = 0; seed < draws; ++seed) {
    sampling.seed = static_cast<uint64_t>(seed);
    std::vector<float> row = logits;
    ++counts[static_cast<size_t>(sampler.draw(row, sequence_with(sampling)))];
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
  Sampler sampler(4);
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
  Sampler sampler(4);
  auto draw = [&](std::vector<float> row) { return sampler.draw(row, sequence); };

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
