// YaRN: rotary frequencies stretched to a longer context (Peng et al., arXiv 2309.00071). Formulas: README.md.
#pragma once
#include <cstdint>
#include <span>

namespace tenon::yarn {

struct Parameters {
  double theta;                 // base of the frequencies
  double factor;                // how much longer the context becomes; 1 leaves plain rotary encoding
  double original_context;      // tokens the model was trained on
  double beta_fast, beta_slow;  // turns over the original context: above fast kept, below slow stretched
  bool truncate;                // round the two corner dimensions outwards to whole numbers
};

// frequencies[i] of pair i, in radians per token.
void fill_frequencies(const Parameters& parameters, std::span<float> frequencies);

// The factor of cosine and sine that keeps attention as sharp as it was: 0.1 ln(factor) + 1, with `mscale` put
// before the 0.1; 1 where nothing is stretched.
double attention_factor(double factor, double mscale = 1.0);

}  // namespace tenon::yarn
