#include <tests/testing/plugin_bench.hpp>

#include <tenon/abi/tenon_position_encoding.h>

#include <gtest/gtest.h>

namespace tenon::testing {
namespace {

// What the encoding says for so many pairs; the scale is checked here, since plain rotation never has one.
std::vector<float> frequencies_of(const std::map<std::string, ConfigValue>& config, uint32_t pairs) {
  TestHost host;
  auto object = make_object<tenon_position_encoding>(TENON_POSITION_ENCODING, config, host);
  std::vector<float> frequencies(pairs);
  float scale = 0;
  EXPECT_TRUE(object.call(&tenon_position_encoding::fill, pairs, frequencies.data(), &scale).ok());
  EXPECT_EQ(scale, 1.0f);
  return frequencies;
}

void expect_frequencies(const std::vector<float>& computed, const std::vector<double>& expected) {
  ASSERT_EQ(computed.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_FLOAT_EQ(computed[i], static_cast<float>(expected[i])) << "pair " << i;
}

TEST(Rope, FrequenciesFallFromOneByTheRootOfTheta) {
  expect_frequencies(frequencies_of({{"theta", 100.0}}, 3), {1.0, 0.21544346900318836, 0.04641588833612779});
  expect_frequencies(frequencies_of({{"theta", 10000.0}}, 4), {1.0, 0.1, 0.01, 0.001});
}

TEST(Rope, ThetaIsTenThousandUnlessGiven) {
  EXPECT_EQ(frequencies_of({}, 8), frequencies_of({{"theta", 10000.0}}, 8));
}

TEST(Rope, FrequenciesOfQwen3NextAreExact) {
  expect_frequencies(frequencies_of({{"theta", 1e7}}, 32), {1.0,
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
                                                            0.0005232991146814947,
                                                            0.00031622776601683794,
                                                            0.00019109529749704405,
                                                            0.00011547819846894582,
                                                            6.978305848598664e-05,
                                                            4.216965034285822e-05,
                                                            2.5482967479793464e-05,
                                                            1.539926526059492e-05,
                                                            9.30572040929699e-06,
                                                            5.623413251903491e-06,
                                                            3.3982083289425593e-06,
                                                            2.053525026457146e-06,
                                                            1.2409377607517195e-06,
                                                            7.498942093324558e-07,
                                                            4.531583637600818e-07,
                                                            2.7384196342643614e-07,
                                                            1.6548170999431814e-07});
}

TEST(Rope, NothingToTurnIsAllowed) { EXPECT_EQ(frequencies_of({}, 0).size(), 0u); }

TEST(Rope, RefusesAThetaThatDoesNotFall) {
  auto object = create_object<tenon_position_encoding>(TENON_POSITION_ENCODING, {{"theta", 0.5}}, TestHost());
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().code, TENON_INVALID);
  EXPECT_EQ(object.error().text.find("test: theta is 0.5, must be "), 0u) << object.error().text;
}

}  // namespace
}  // namespace tenon::testing
