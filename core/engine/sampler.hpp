// From logits to a token. Everything is decided by the row of logits, the tokens so far, and (seed, output
// index), so a sampled answer does not depend on what else is in the batch (rule D6).
#pragma once
#include <tenon/engine/sequence.hpp>
#include <tenon/ops/logit_row.hpp>

#include <optional>
#include <span>

namespace tenon {

// A number in [0, 1) for the index-th output token of a request with this seed: Philox4x32-10 (Salmon et al.,
// SC'11).
double uniform_draw(uint64_t seed, uint64_t index);

// Thread: [step], one at a time; it keeps scratch memory.
class Sampler {
 public:
  Sampler(uint32_t vocabulary, Isa isa);

  // Draws the sequence's next token: nothing if a logit is not finite, kNoToken if its constraint and biases
  // leave none. logits: [V], changed by constraint, penalties and biases; those of tokens that may not come
  // become minus infinity.
  static constexpr int32_t kNoToken = -1;
  std::optional<int32_t> draw(std::span<float> logits, const Sequence& sequence);
  // The logarithm of what a row's probabilities are divided by. Nothing if a logit is not finite.
  std::optional<double> log_sum_exp(std::span<const float> logits) const;
  // Adds the `count` most probable tokens of a row to `to`, the most probable first; of equals, the lower id.
  // log_sum: the logarithm of what its probabilities are divided by.
  void rank(std::span<const float> logits, uint32_t count, double log_sum, std::vector<TokenLogprob>& to);

 private:
  bool constrain(std::span<float> logits, const Sequence& sequence);
  bool penalise(std::span<float> logits, const Sequence& sequence);
  bool bias(std::span<float> logits, const Sequence& sequence);
  template <class Visit>
  void for_each_distinct(std::span<const int32_t> tokens, Visit&& visit);
  // The most probable tokens: the first `count` of candidates_, greatest first, of equals the lower id first.
  struct Shortlist {
    size_t count;
    bool is_whole;  // whether no other token can be drawn
    double total;   // of the weights of all that can be drawn, unless top_k still has to say which those are
  };
  template <class Decides>
  void for_longer_lists(std::span<const float> logits, float greatest, const SamplingParameters& sampling,
                        Decides&& decides);
  Shortlist list_from(float least, std::span<const float> logits, const SamplingParameters& sampling);
  std::optional<int32_t> pick(const Shortlist& list, const SamplingParameters& sampling, double number) const;

  LogitRows rows_;
  std::vector<uint64_t> allowed_;           // [V / 64] a bit per token
  std::vector<LogitCandidate> candidates_;  // [V]
  std::vector<double> weights_;             // [V] of the candidates, as shares of the greatest
  std::vector<uint32_t> counts_;            // [V] zeros between calls
};

}  // namespace tenon
