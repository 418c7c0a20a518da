// From logits to a token. Everything is decided by the row of logits, the tokens so far, and (seed, output
// index), so a sampled answer does not depend on what else is in the batch (rule D6).
#pragma once
#include <tenon/engine/sequence.hpp>

#include <span>

namespace tenon {

// A number in [0, 1) for the index-th output token of a request with this seed: Philox4x32-10 (Salmon et al.,
// SC'11).
double uniform_draw(uint64_t seed, uint64_t index);

// Thread: [step], one at a time; it keeps scratch memory.
class Sampler {
 public:
  explicit Sampler(uint32_t vocabulary) : candidates_(vocabulary), counts_(vocabulary) {}

  // Draws the sequence's next token. logits: [V], changed by the penalties.
  int32_t draw(std::span<float> logits, const Sequence& sequence);

  // Adds the `count` most probable tokens of a row to `to`, the most probable first; of equals, the lower id.
  // log_sum: the logarithm of what its probabilities are divided by.
  void rank(std::span<const float> logits, uint32_t count, double log_sum, std::vector<TokenLogprob>& to);

 private:
  struct Candidate {
    float logit;
    int32_t token;
  };

  void penalise(std::span<float> logits, const Sequence& sequence);
  template <class Visit>
  void for_each_distinct(std::span<const int32_t> tokens, Visit&& visit);
  void bias(std::span<float> logits, const Sequence& sequence);
  size_t keep_top_k(std::span<const float> logits, int32_t top_k);
  int32_t pick(size_t count, const SamplingParameters& sampling, double draw);

  std::vector<Candidate> candidates_;  // [V]
  std::vector<double> weights_;        // of the candidates kept
  std::vector<uint32_t> counts_;       // [V] zeros between calls
};

}  // namespace tenon
