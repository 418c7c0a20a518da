#include <tenon/engine/sampler.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace tenon {
namespace {

// So many logits are compared at once: lanes that do not depend on each other become vector instructions.
constexpr size_t kLanes = 16;

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

float greatest_of(std::span<const float> logits) {
  std::array<float, kLanes> lanes;
  lanes.fill(logits[0]);
  size_t whole = logits.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = logits[i + lane] > lanes[lane] ? logits[i + lane] : lanes[lane];
  float greatest = *std::max_element(lanes.begin(), lanes.end());
  for (size_t i = whole; i < logits.size(); ++i) greatest = std::max(greatest, logits[i]);
  return greatest;
}

// Of equals, the lower id.
int32_t most_probable(std::span<const float> logits) {
  float greatest = greatest_of(logits);
  return static_cast<int32_t>(std::find(logits.begin(), logits.end(), greatest) - logits.begin());
}

// Of at most 64 tokens, a bit of `allowed` for each.
void keep_allowed(std::span<float> logits, uint64_t allowed) {
  if (allowed == ~uint64_t{0}) return;
  if (allowed == 0) return std::fill(logits.begin(), logits.end(), kForbidden);
  for (size_t i = 0; i < logits.size(); ++i)
    if (!(allowed >> i & 1)) logits[i] = kForbidden;
}

}  // namespace

double uniform_draw(uint64_t seed, uint64_t index) {
  std::array<uint32_t, 4> counter = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0};
  std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9, key[1] += 0xBB67AE85;
  }
  uint64_t bits = (uint64_t{counter[0]} << 32 | counter[1]) >> 11;  // 53 of them, as a double holds
  return static_cast<double>(bits) * 0x1p-53;
}

int32_t Sampler::draw(std::span<float> logits, const Sequence& sequence) {
  const SamplingParameters& sampling = sequence.request.sampling;
  if (sequence.constraint && !constrain(logits, sequence)) return -1;
  penalise(logits, sequence);
  if (sampling.temperature <= 0) return most_probable(logits);
  size_t count = keep_top_k(logits, sampling.top_k);
  return pick(count, sampling, uniform_draw(sampling.seed, sequence.output_tokens()));
}

// Returns false if no token may come.
bool Sampler::constrain(std::span<float> logits, const Sequence& sequence) {
  std::span<const uint64_t> given = sequence.constraint->allowed();
  given = given.first(std::min(given.size(), allowed_.size()));
  std::fill(std::copy(given.begin(), given.end(), allowed_.begin()), allowed_.end(),
            given.empty() ? ~uint64_t{0} : 0);
  bool may_end = sequence.constraint->ending() != Constraint::Ending::kMustNot;
  for (int32_t token : sequence.request.eos) {
    if (token < 0 || static_cast<size_t>(token) >= logits.size()) continue;
    uint64_t bit = uint64_t{1} << (token % 64), &word = allowed_[static_cast<size_t>(token) / 64];
    word = may_end ? word | bit : word & ~bit;
  }
  if (logits.size() % 64) allowed_.back() &= (uint64_t{1} << (logits.size() % 64)) - 1;
  for (size_t i = 0; i < allowed_.size(); ++i)
    keep_allowed(logits.subspan(64 * i, std::min<size_t>(64, logits.size() - 64 * i)), allowed_[i]);
  return std::any_of(allowed_.begin(), allowed_.end(), [](uint64_t word) { return word != 0; });
}

void Sampler::penalise(std::span<float> logits, const Sequence& sequence) {
  const SamplingParameters& sampling = sequence.request.sampling;
  if (sampling.repetition_penalty != 1.0) {
    float penalty = static_cast<float>(sampling.repetition_penalty);
    for_each_distinct(sequence.tokens, [&](size_t token, uint32_t) {
      float& logit = logits[token];
      logit = logit > 0 ? logit / penalty : logit * penalty;
    });
  }
  if (sampling.presence_penalty == 0 && sampling.frequency_penalty == 0) return;
  for_each_distinct(
      std::span(sequence.tokens).subspan(sequence.prompt_tokens()), [&](size_t token, uint32_t times) {
        logits[token] -= static_cast<float>(sampling.presence_penalty + sampling.frequency_penalty * times);
      });
}

// visit(token, how often it occurs)
template <class Visit>
void Sampler::for_each_distinct(std::span<const int32_t> tokens, Visit&& visit) {
  for (int32_t token : tokens) ++counts_[static_cast<size_t>(token)];
  for (int32_t token : tokens)
    if (uint32_t times = std::exchange(counts_[static_cast<size_t>(token)], 0u))
      visit(static_cast<size_t>(token), times);
}

// Puts the k greatest logits, or all, without those that are forbidden, into candidates_, greatest first; of
// equals, the lower id first.
size_t Sampler::keep_top_k(std::span<const float> logits, int32_t top_k) {
  size_t all = 0;
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] != kForbidden) candidates_[all++] = {logits[i], static_cast<int32_t>(i)};
  auto is_before = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  size_t count = top_k > 0 ? std::min(all, static_cast<size_t>(top_k)) : all;
  auto begin = candidates_.begin(), end = begin + static_cast<int64_t>(all);
  auto middle = begin + static_cast<int64_t>(count);
  if (middle != end) std::nth_element(begin, middle, end, is_before);
  std::sort(begin, middle, is_before);
  return count;
}

int32_t Sampler::pick(size_t count, const SamplingParameters& sampling, double draw) {
  weights_.resize(count);
  double total = 0;
  for (size_t i = 0; i < count; ++i)
    total += weights_[i] =
        std::exp((double{candidates_[i].logit} - candidates_[0].logit) / sampling.temperature);
  // Candidates are sorted, so top-p and min-p both cut the tail off.
  double kept = 0;
  size_t keep = 0;
  while (keep < count &&
         (keep == 0 || (kept < sampling.top_p * total && weights_[keep] >= sampling.min_p * weights_[0])))
    kept += weights_[keep++];
  double target = draw * kept;
  for (size_t i = 0; i + 1 < keep; ++i) {
    target -= weights_[i];
    if (target < 0) return candidates_[i].token;
  }
  return candidates_[keep - 1].token;
}

}  // namespace tenon
