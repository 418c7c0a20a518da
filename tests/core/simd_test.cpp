#include "simd_kernels.hpp"
#include "test_matrix.hpp"

#include <tenon/base/isa.hpp>

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>

namespace tenon::testing {
namespace {

// Once per instruction set that this machine has.
class Simd : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (GetParam() > widest_isa()) GTEST_SKIP() << "this processor goes only up to " << name_of(widest_isa());
  }
  uint32_t isa() const { return static_cast<uint32_t>(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(All, Simd, ::testing::Values(Isa::kScalar, Isa::kAvx2, Isa::kAvx512),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

// Distance to the exact value, in units of the last place of the float nearest to it.
double ulps(float computed, double exact) {
  float nearest = static_cast<float>(exact);
  double unit = std::nextafterf(std::fabs(nearest), INFINITY) - std::fabs(nearest);
  return std::fabs(computed - exact) / unit;
}

TEST_P(Simd, ExpIsWithinTwoUnitsInTheLastPlace) {
  std::vector<float> in, out;
  for (double x = -87.3; x < 88; x += 0.0007) in.push_back(static_cast<float>(x));
  for (float x = 1e-7f; x < 80; x *= 1.01f) in.push_back(x), in.push_back(-x);
  in.resize(in.size() / 16 * 16);
  out.resize(in.size());
  TENON_ISA_PICK(isa(), exp_all)(in.data(), out.data(), static_cast<int64_t>(in.size()));
  double worst = 0;
  for (size_t i = 0; i < in.size(); ++i) worst = std::max(worst, ulps(out[i], std::exp(double(in[i]))));
  EXPECT_LE(worst, 2.0);
}

TEST_P(Simd, ExpKeepsToItsEnds) {
  std::vector<float> in = {0.0f,     -0.0f, -87.4f,   -1000,   -INFINITY, 88, 89, 1000,
                           INFINITY, NAN,   -FLT_MAX, FLT_MAX, 1,         1,  1,  1};
  std::vector<float> out(16);
  TENON_ISA_PICK(isa(), exp_all)(in.data(), out.data(), 16);
  EXPECT_EQ(out[0], 1.0f);
  EXPECT_EQ(out[1], 1.0f);
  for (int i : {2, 3, 4, 10}) EXPECT_EQ(out[i], 0.0f) << in[i];
  for (int i : {6, 7, 8, 11}) EXPECT_EQ(out[i], out[5]) << in[i];
  EXPECT_TRUE(std::isfinite(out[5]));
  EXPECT_TRUE(std::isnan(out[9]));
}

TEST_P(Simd, SigmoidIsRightAndStaysBetweenZeroAndOne) {
  std::vector<float> in, out;
  for (double x = -110; x < 110; x += 0.01) in.push_back(static_cast<float>(x));
  in.resize(in.size() / 16 * 16);
  out.resize(in.size());
  TENON_ISA_PICK(isa(), sigmoid_all)(in.data(), out.data(), static_cast<int64_t>(in.size()));
  for (size_t i = 0; i < in.size(); ++i) {
    ASSERT_GE(out[i], 0.0f) << in[i];
    ASSERT_LE(out[i], 1.0f) << in[i];
    double exact = 1 / (1 + std::exp(-double(in[i])));
    ASSERT_NEAR(out[i], exact, 4e-7 * exact + 1e-37) << in[i];
  }
}

void expect_same(float computed, float expected, size_t code) {
  EXPECT_EQ(std::isnan(computed), std::isnan(expected)) << code;
  if (std::isnan(expected)) return;
  EXPECT_EQ(computed, expected) << code;
  EXPECT_EQ(std::signbit(computed), std::signbit(expected)) << code;
}

TEST_P(Simd, EveryHalfPrecisionCodeIsExact) {
  std::vector<uint16_t> in(65536);
  std::vector<float> out(65536);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint16_t>(i);
  TENON_ISA_PICK(isa(), from_f16_all)(in.data(), out.data(), 65536);
  for (size_t i = 0; i < in.size(); ++i) expect_same(out[i], float_of_f16(in[i]), i);
}

TEST_P(Simd, EveryBrainFloatCodeIsExact) {
  std::vector<uint16_t> in(65536);
  std::vector<float> out(65536);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint16_t>(i);
  TENON_ISA_PICK(isa(), from_bf16_all)(in.data(), out.data(), 65536);
  for (size_t i = 0; i < in.size(); ++i) expect_same(out[i], float_of_bf16(in[i]), i);
}

TEST_P(Simd, EveryF8CodeIsExactButForTheTwoNaNs) {
  std::vector<uint8_t> in(256);
  std::vector<float> out(256);
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(i);
  TENON_ISA_PICK(isa(), from_f8_all)(in.data(), out.data(), 256);
  for (size_t i = 0; i < in.size(); ++i)
    if ((i & 0x7f) != 0x7f) expect_same(out[i], float_of_f8_e4m3(in[i]), i);
  // As simd.hpp says: kernels do not recognise these, but read on where 0x7e (448) ends.
  EXPECT_EQ(out[0x7f], 480.0f);
  EXPECT_EQ(out[0xff], -480.0f);
}

TEST_P(Simd, DotSumsEveryLengthAndReadsNoFurther) {
  for (int64_t count = 0; count <= 70; ++count) {
    std::vector<float> a = random_values(count, 1),
                       b = random_values(count, 2);  // a read beyond them shows in ASan
    double expected = 0, magnitude = 0;
    for (int64_t i = 0; i < count; ++i)
      expected += double(a[i]) * b[i], magnitude += std::fabs(double(a[i]) * b[i]);
    EXPECT_NEAR(TENON_ISA_PICK(isa(), dot_of)(a.data(), b.data(), count), expected, 1e-6 * magnitude) << count;
  }
}

TEST_P(Simd, AddScaledTouchesNothingBeyondItsCount) {
  for (int64_t count = 0; count <= 40; ++count) {
    std::vector<float> x = random_values(count, 1), y(count + 16, 7.0f);
    TENON_ISA_PICK(isa(), add_scaled_to)(y.data(), 2.0f, x.data(), count);
    for (int64_t i = 0; i < count + 16; ++i)
      EXPECT_FLOAT_EQ(y[i], i < count ? 7.0f + 2.0f * x[i] : 7.0f) << count;
  }
}

TEST_P(Simd, MaxLaneFindsTheGreatestWhereverItIs) {
  for (int at = 0; at < 16; ++at) {
    std::vector<float> values(16, -5.0f);
    values[at] = -4.0f;
    EXPECT_EQ(TENON_ISA_PICK(isa(), max_of_16)(values.data()), -4.0f) << at;
  }
}

TEST(Convert, HalfPrecisionLandmarks) {
  EXPECT_EQ(float_of_f16(0x0000), 0.0f);
  EXPECT_TRUE(std::signbit(float_of_f16(0x8000)));
  EXPECT_EQ(float_of_f16(0x3c00), 1.0f);
  EXPECT_EQ(float_of_f16(0xc000), -2.0f);
  EXPECT_EQ(float_of_f16(0x7bff), 65504.0f);
  EXPECT_EQ(float_of_f16(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(float_of_f16(0x03ff), std::ldexp(1023.0f, -24));
  EXPECT_EQ(float_of_f16(0x0400), std::ldexp(1.0f, -14));
  EXPECT_EQ(float_of_f16(0x7c00), INFINITY);
  EXPECT_EQ(float_of_f16(0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(float_of_f16(0x7c01)));
}

TEST(Convert, F8Landmarks) {
  EXPECT_EQ(float_of_f8_e4m3(0x00), 0.0f);
  EXPECT_TRUE(std::signbit(float_of_f8_e4m3(0x80)));
  EXPECT_EQ(float_of_f8_e4m3(0x01), std::ldexp(1.0f, -9));
  EXPECT_EQ(float_of_f8_e4m3(0x08), std::ldexp(1.0f, -6));
  EXPECT_EQ(float_of_f8_e4m3(0x38), 1.0f);
  EXPECT_EQ(float_of_f8_e4m3(0x7e), 448.0f);
  EXPECT_EQ(float_of_f8_e4m3(0xfe), -448.0f);
  EXPECT_TRUE(std::isnan(float_of_f8_e4m3(0x7f)));
  EXPECT_TRUE(std::isnan(float_of_f8_e4m3(0xff)));
}

}  // namespace
}  // namespace tenon::testing
