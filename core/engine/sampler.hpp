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
  explicit Sampler(uint32_t vocabulary)
      : allowed_((vocabulary + 63) / 64), candidates_(vocabulary), counts_(vocabulary) {}

  // Draws the sequence's next token; -1 if its constraint allows none. logits: [V], changed by the constraint
  // and the penalties. Those of tokens that are not allowed become minus infinity, before anything else.
  int32_t draw(std::span<float> logits, const Sequence& sequence);

 private:
  struct Candidate {
    float logit;
    int32_t token;
  };

  bool constrain(std::span<float> logits, const Sequence& sequence);
  void penalise(std::span<float> logits, const Sequence& sequence);
  template <class Visit>
  void for_each_distinct(std::span<const int32_t> tokens, Visit&& visit);
  size_t keep_top_k(std::span<const float> logits, int32_t top_k);
  int32_t pick(size_t count, const SamplingParameters& sampling, double draw);

  std::vector<uint64_t> allowed_;      // [V / 64] a bit per token
  std::vector<Candidate> candidates_;  // [V]
  std::vector<double> weights_;        // of the candidates kept
  std::vector<uint32_t> counts_;       // [V] zeros between calls
};

}  // namespace tenon
