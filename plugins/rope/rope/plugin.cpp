// Plain rotary position encoding (Su et al., arXiv 2104.09864): pair i turns by theta^(-i / pairs) radians per
// token.
#include <tenon/sdk/position_encoding.hpp>

#include <cmath>

namespace tenon::rope {
namespace {

constexpr const char* kSchema = R"(
theta : float >1 = 10000   # base of the frequencies
)";

class Rope final : public PositionEncoding {
 public:
  explicit Rope(double theta) : theta_(theta) {}

  static Result<std::unique_ptr<Rope>> create(Host, Config config) {
    return std::make_unique<Rope>(config.get_float("theta"));
  }

  Result<float> fill(std::span<float> frequencies) override {
    double pairs = static_cast<double>(frequencies.size());
    for (size_t i = 0; i < frequencies.size(); ++i)
      frequencies[i] = static_cast<float>(std::pow(theta_, -static_cast<double>(i) / pairs));
    return 1.0f;
  }

 private:
  double theta_;
};

}  // namespace
}  // namespace tenon::rope

TENON_POSITION_ENCODING_PLUGIN("rope", "0.1.0", "plain rotary position encoding", "", tenon::rope::kSchema,
                               tenon::rope::Rope);
