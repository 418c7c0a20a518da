// The kernels behind quantise(), which is tested with the formats themselves.
#include <tests/testing/temp_dir.hpp>

#include <tenon/base/isa.hpp>
#include <tenon/weights/quantise_cpu.hpp>

#include <random>

namespace tenon::testing {
namespace {

// Of heavy-tailed values; the last span is all zeros, the one before holds a single value.
std::vector<float> spans_of_values(int64_t spans, int length) {
  std::mt19937 generator(5);
  std::student_t_distribution<float> heavy(3);
  std::vector<float> values(static_cast<size_t>(spans * length));
  for (float& value : values) value = heavy(generator);
  std::fill(values.end() - 2 * length, values.end(), 0.0f);
  values[values.size() - static_cast<size_t>(2 * length)] = -0.25f;
  return values;
}

std::vector<uint32_t> available() {
  std::vector<uint32_t> isas;
  for (Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512})
    if (isa <= widest_isa()) isas.push_back(static_cast<uint32_t>(isa));
  return isas;
}

TEST(Quantise, EveryInstructionSetFitsTheSameBits) {
  constexpr int64_t kSpans = 37;
  for (int length : {16, 32}) {
    std::vector<float> values = spans_of_values(kSpans, length);
    std::vector<std::vector<float>> fits;
    for (uint32_t isa : available()) {
      std::vector<float>& fit = fits.emplace_back(3 * kSpans);
      TENON_ISA_PICK(isa, fit_scales)({values.data(), kSpans, length, fit.data(), nullptr}, 8);
      TENON_ISA_PICK(isa, fit_lines)
      ({values.data(), kSpans, length, fit.data() + kSpans, fit.data() + 2 * kSpans});
      EXPECT_EQ(fit, fits[0]) << isa;
    }
  }
}

TEST(Quantise, AFitDoesNotDependOnItsNeighbours) {
  constexpr int64_t kSpans = 21;
  std::vector<float> values = spans_of_values(kSpans, 32), together(kSpans), alone(kSpans);
  isa_scalar::fit_scales({values.data(), kSpans, 32, together.data(), nullptr}, 8);
  for (int64_t s = 0; s < kSpans; ++s)
    isa_scalar::fit_scales({values.data() + 32 * s, 1, 32, alone.data() + s, nullptr}, 8);
  EXPECT_EQ(together, alone);
}

TEST(Quantise, CodesAreTheNearestTiesToEven) {
  std::vector<float> values = {0,   0.5f,  1.5f,  2.5f, -0.5f, -1.5f, 7.4f, 7.6f,
                               100, -7.9f, -8.6f, -100, 1,     2,     3,    -1};
  std::vector<int> expected = {0, 0, 2, 2, 0, -2, 7, 7, 7, -8, -8, -8, 1, 2, 3, -1};
  for (uint32_t isa : available()) {
    uint8_t codes[16];
    TENON_ISA_PICK(isa, put_codes)({values.data(), 16, 0, 1, -8, 7, codes});
    for (int i = 0; i < 16; ++i) EXPECT_EQ(codes[i] - 8, expected[i]) << values[i];
  }
}

}  // namespace
}  // namespace tenon::testing
