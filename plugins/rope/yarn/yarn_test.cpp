#include "yarn.hpp"

#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_position_encoding.h>

#include <gtest/gtest.h>

#include <cmath>

namespace tenon::testing {
namespace {

struct Turning {
  std::vector<float> frequencies;
  float scale;
};

Turning turning_of(const std::map<std::string, ConfigValue>& config, uint32_t pairs) {
  TestHost host;
  auto object = make_object<tenon_position_encoding>(TENON_POSITION_ENCODING, config, host);
  Turning turning{std::vector<float>(pairs), 0};
  EXPECT_TRUE(
      object.call(&tenon_position_encoding::fill, pairs, turning.frequencies.data(), &turning.scale).ok());
  return turning;
}

float scale_of(std::map<std::string, ConfigValue> config) {
  config["original_context"] = int64_t{2048};
  return turning_of(config, 8).scale;
}

// The expected frequencies were computed from the README's formulas with 40 digits.
struct Case {
  const char* what;
  yarn::Parameters parameters;
  std::vector<double> frequencies;
};

const Case kCases[] = {
    {"corners 2 and 6",
     {1e4, 8, 2048, 32, 1, true},
     {1.0, 0.31622776601683794, 0.1, 0.024705294220065465, 0.005625, 0.0010870329456828805, 0.000125,
      3.952847075210474e-05}},
    {"corners 2.016 and 5.026",
     {1e4, 8, 2048, 32, 1, false},
     {1.0, 0.31622776601683794, 0.1, 0.02257809494174508, 0.004233133441317674, 0.0004194591686236064, 0.000125,
      3.952847075210474e-05}},
    {"corners 0 and 4", {100, 2, 628, 32, 1, true}, {1.0, 0.2766992952647332, 0.075, 0.01976423537605237}},
    {"lower corner below 0", {1e4, 4, 128, 32, 1, true}, {1.0, 0.0625, 0.0025, 0.00025}},
    {"upper corner beyond the last dimension",
     {10, 4, 4096, 32, 1, true},
     {1.0, 0.5623413251903491, 0.31622776601683794, 0.1778279410038923}},
    {"equal corners, at 0", {1e4, 4, 5, 32, 1, true}, {1.0, 0.025, 0.0025, 0.00025}},
    {"equal corners, at 5.026",
     {1e4, 4, 4096, 2, 2, false},
     {1.0, 0.31622776601683794, 0.1, 0.03162277660168379, 0.01, 0.0031622776601683794, 0.00025,
      7.905694150420948e-05}},
    {"Qwen3-Next, four times its context",
     {1e7, 4, 262144, 32, 1, true},
     {1.0,
      0.6042963902381329,
      0.3651741272548377,
      0.220673406908459,
      0.1333521432163324,
      0.08058421877614819,
      0.04869675251658631,
      0.029427271762092817,
      0.01778279410038923,
      0.010746078283213174,
      0.006493816315762113,
      0.003924189758484536,
      0.0023713737056616554,
      0.0014330125702369627,
      0.0008659643233600654,
      0.00047423982268010454,
      0.00025693505988868084,
      0.00013734974507600042,
      7.217387404309113e-05,
      3.70722498206804e-05,
      1.8449222025000472e-05,
      8.759770071179004e-06,
      3.84981631514873e-06,
      2.3264301023242476e-06,
      1.4058533129758728e-06,
      8.495520822356398e-07,
      5.133812566142865e-07,
      3.102344401879299e-07,
      1.8747355233311396e-07,
      1.1328959094002045e-07,
      6.846049085660903e-08,
      4.1370427498579534e-08}},
};

TEST(Yarn, FrequenciesMatchTheFormulas) {
  for (const Case& c : kCases) {
    const yarn::Parameters& p = c.parameters;
    Turning turning = turning_of({{"theta", p.theta},
                                  {"factor", p.factor},
                                  {"original_context", static_cast<int64_t>(p.original_context)},
                                  {"beta_fast", p.beta_fast},
                                  {"beta_slow", p.beta_slow},
                                  {"truncate", p.truncate}},
                                 static_cast<uint32_t>(c.frequencies.size()));
    for (size_t i = 0; i < c.frequencies.size(); ++i)
      EXPECT_FLOAT_EQ(turning.frequencies[i], static_cast<float>(c.frequencies[i])) << c.what << ", pair " << i;
  }
}

TEST(Yarn, BetasAre32And1AndCornersAreTruncatedUnlessGiven) {
  Turning turning = turning_of({{"theta", 1e4}, {"factor", 8.0}, {"original_context", int64_t{2048}}}, 8);
  for (size_t i = 0; i < 8; ++i)
    EXPECT_FLOAT_EQ(turning.frequencies[i], static_cast<float>(kCases[0].frequencies[i])) << "pair " << i;
}

TEST(Yarn, FactorOneIsPlainRotationExactly) {
  for (double theta : {1e4, 1e6, 1e7}) {
    Turning turning = turning_of({{"theta", theta}, {"factor", 1.0}, {"original_context", int64_t{4096}}}, 32);
    EXPECT_EQ(turning.scale, 1.0f);
    for (int i = 0; i < 32; ++i)
      EXPECT_EQ(turning.frequencies[i], static_cast<float>(std::pow(theta, -i / 32.0)))
          << theta << ", pair " << i;
  }
}

TEST(Yarn, EveryFrequencyLiesBetweenStretchedAndPlain) {
  Turning turning = turning_of({{"theta", 1e7}, {"factor", 4.0}, {"original_context", int64_t{262144}}}, 32);
  for (int i = 0; i < 32; ++i) {
    double plain = std::pow(1e7, -i / 32.0);
    EXPECT_LE(turning.frequencies[i], plain * (1 + 1e-7)) << "pair " << i;
    EXPECT_GE(turning.frequencies[i], plain / 4 * (1 - 1e-7)) << "pair " << i;
    EXPECT_LT(turning.frequencies[i], i == 0 ? 2 : turning.frequencies[i - 1]) << "pair " << i;
  }
}

TEST(Yarn, AttentionFactorGrowsWithTheLogarithmOfTheFactor) {
  EXPECT_FLOAT_EQ(scale_of({{"factor", 4.0}}), 1.1386294361119891f);
  EXPECT_FLOAT_EQ(scale_of({{"factor", 40.0}}), 1.3688879454113937f);
  EXPECT_EQ(scale_of({{"factor", 1.0}}), 1.0f);
}

TEST(Yarn, AttentionFactorIsTakenAsGiven) {
  EXPECT_EQ(scale_of({{"factor", 4.0}, {"attention_factor", 1.25}}), 1.25f);
  EXPECT_EQ(scale_of({{"factor", 1.0}, {"attention_factor", 0.5}}), 0.5f);
  EXPECT_EQ(scale_of({{"factor", 4.0}, {"attention_factor", 1.25}, {"mscale", 2.0}, {"mscale_all_dim", 0.5}}),
            1.25f);
}

TEST(Yarn, MscalesGiveTheAttentionFactorTogetherOrNotAtAll) {
  EXPECT_FLOAT_EQ(scale_of({{"factor", 4.0}, {"mscale", 2.0}, {"mscale_all_dim", 0.5}}), 1.1944648761087142f);
  EXPECT_EQ(scale_of({{"factor", 4.0}, {"mscale", 0.7}, {"mscale_all_dim", 0.7}}), 1.0f);
  EXPECT_EQ(scale_of({{"factor", 1.0}, {"mscale", 2.0}, {"mscale_all_dim", 0.5}}), 1.0f);
  for (const char* only : {"mscale", "mscale_all_dim"})
    EXPECT_FLOAT_EQ(scale_of({{"factor", 4.0}, {only, 2.0}}), 1.1386294361119891f) << only;
}

TEST(Yarn, RefusesASlowBetaAboveTheFastOne) {
  auto object = create_object<tenon_position_encoding>(
      TENON_POSITION_ENCODING,
      {{"factor", 4.0}, {"original_context", int64_t{2048}}, {"beta_fast", 2.5}, {"beta_slow", 3.5}},
      TestHost());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text, "test: beta_slow is 3.5, must be at most beta_fast (test:1:1)");
}

}  // namespace
}  // namespace tenon::testing
