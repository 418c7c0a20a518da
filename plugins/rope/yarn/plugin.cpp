// YaRN position encoding. Formulas: README.md.
#include "yarn.hpp"

#include <tenon/sdk/position_encoding.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tenon::yarn {
namespace {

constexpr const char* kSchema = R"(
theta            : float >1 = 10000    # base of the frequencies
factor           : float >=1           # how much longer the context becomes; 1 is plain rotary encoding
original_context : int >=1             # tokens the model was trained on
beta_fast        : float >0 = 32       # pairs with more turns than this over the original context are kept
beta_slow        : float >0 = 1        # pairs with fewer turns than this are stretched by the whole factor
truncate         : bool = true         # round the corner dimensions outwards to whole numbers
attention_factor : float >=0 = 0       # factor of cosine and sine; 0: 0.1 ln(factor) + 1
mscale           : float >=0 = 0       # with mscale_all_dim: attention factor by their quotient instead
mscale_all_dim   : float >=0 = 0       # see mscale
)";

// The (fractional) pair that makes `turns` turns over the original context.
double pair_of_turns(const Parameters& p, double turns, double dim) {
  return dim * std::log(p.original_context / (2 * std::numbers::pi * turns)) / (2 * std::log(p.theta));
}

class Yarn final : public PositionEncoding {
 public:
  Yarn(Parameters parameters, double scale) : parameters_(parameters), scale_(scale) {}

  static Result<std::unique_ptr<Yarn>> create(Host, Config config) {
    Parameters p{config.get_float("theta"),
                 config.get_float("factor"),
                 double(config.get_int("original_context")),
                 config.get_float("beta_fast"),
                 config.get_float("beta_slow"),
                 config.get_bool("truncate")};
    if (p.beta_slow > p.beta_fast) return config.refuse("beta_slow", "at most beta_fast");
    double mscale = config.get_float("mscale"), mscale_all_dim = config.get_float("mscale_all_dim");
    double scale = config.get_float("attention_factor");
    if (scale == 0 && mscale > 0 && mscale_all_dim > 0)
      scale = attention_factor(p.factor, mscale) / attention_factor(p.factor, mscale_all_dim);
    if (scale == 0) scale = attention_factor(p.factor);
    return std::make_unique<Yarn>(p, scale);
  }

  Result<float> fill(std::span<float> frequencies) override {
    fill_frequencies(parameters_, frequencies);
    return static_cast<float>(scale_);
  }

 private:
  Parameters parameters_;
  double scale_;
};

}  // namespace

void fill_frequencies(const Parameters& p, std::span<float> frequencies) {
  double pairs = static_cast<double>(frequencies.size()), dim = 2 * pairs;
  double low = pair_of_turns(p, p.beta_fast, dim), high = pair_of_turns(p, p.beta_slow, dim);
  if (p.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, dim - 1);
  if (low == high) high += 0.001;  // as published: no division by zero
  for (size_t i = 0; i < frequencies.size(); ++i) {
    double plain = std::pow(p.theta, -2.0 * static_cast<double>(i) / dim);
    double kept = 1 - std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = static_cast<float>(plain / p.factor * (1 - kept) + plain * kept);
  }
}

double attention_factor(double factor, double mscale) {
  return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1;
}

}  // namespace tenon::yarn

TENON_POSITION_ENCODING_PLUGIN("yarn", "0.1.0", "rotary position encoding stretched to a longer context (YaRN)",
                               "", tenon::yarn::kSchema, tenon::yarn::Yarn);
