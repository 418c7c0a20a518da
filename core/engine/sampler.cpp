#include <tenon/engine/sampler.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace tenon {
namespace {

// A draw looks at those logits first that are within so many temperatures of the greatest, and at more only if
// they do not decide it: sorting a whole vocabulary takes longer than many a model's step.
constexpr double kReaches[] = {8, 12, 18, 27, 40, 80, std::numeric_limits<double>::infinity()};
constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

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

Sampler::Sampler(uint32_t vocabulary, Isa isa)
    : rows_(isa),
      allowed_((vocabulary + 63) / 64),
      candidates_(vocabulary),
      weights_(vocabulary),
      counts_(vocabulary) {}

std::optional<double> Sampler::log_sum_exp(std::span<const float> logits) const {
  LogitSummary summary = rows_.summarise(logits);
  if (!summary.is_finite) return {};
  return summary.greatest + std::log(rows_.sum_exp(logits, summary.greatest, 1));
}

std::optional<int32_t> Sampler::draw(std::span<float> logits, const Sequence& sequence) {
  const SamplingParameters& sampling = sequence.request.sampling;
  LogitSummary summary = rows_.summarise(logits);
  if (!summary.is_finite) return {};
  bool is_changed = constrain(logits, sequence);
  is_changed |= penalise(logits, sequence);
  is_changed |= bias(logits, sequence);
  if (is_changed) summary = rows_.summarise(logits);
  if (summary.greatest <= kLowest) return kNoToken;
  // A penalty may have made a logit infinite.
  if (sampling.temperature <= 0 || !std::isfinite(summary.greatest)) return summary.token;
  double number = uniform_draw(sampling.seed, sequence.output_tokens());
  // Of the k most probable, the list that holds them all says it.
  double total = sampling.top_k > 0 ? 0 : rows_.sum_exp(logits, summary.greatest, sampling.temperature);
  std::optional<int32_t> token;
  for_longer_lists(logits, summary.greatest, sampling, [&](Shortlist list) {
    if (!list.is_whole) list.total = total;
    token = pick(list, sampling, number);
    return token.has_value();
  });
  return token;
}

// Returns whether it changed anything.
bool Sampler::constrain(std::span<float> logits, const Sequence& sequence) {
  if (!sequence.constraint) return false;
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
  return true;
}

// Returns whether it changed anything.
bool Sampler::penalise(std::span<float> logits, const Sequence& sequence) {
  const SamplingParameters& sampling = sequence.request.sampling;
  if (sampling.repetition_penalty != 1.0) {
    float penalty = static_cast<float>(sampling.repetition_penalty);
    for_each_distinct(sequence.tokens, [&](size_t token, uint32_t) {
      float& logit = logits[token];
      logit = logit > 0 ? logit / penalty : logit * penalty;
    });
  }
  bool is_repetition = sampling.repetition_penalty != 1.0;
  if (sampling.presence_penalty == 0 && sampling.frequency_penalty == 0) return is_repetition;
  for_each_distinct(
      std::span(sequence.tokens).subspan(sequence.prompt_tokens()), [&](size_t token, uint32_t times) {
        logits[token] -= static_cast<float>(sampling.presence_penalty + sampling.frequency_penalty * times);
      });
  return true;
}

// Returns whether it changed anything.
bool Sampler::bias(std::span<float> logits, const Sequence& sequence) {
  const Request& request = sequence.request;
  for (const TokenBias& bias : request.sampling.biases) logits[static_cast<size_t>(bias.token)] += bias.bias;
  bool may_end = sequence.output_tokens() >= request.min_tokens;
  if (may_end) return !request.sampling.biases.empty();
  for (int32_t token : request.eos)
    if (token >= 0 && static_cast<size_t>(token) < logits.size())
      logits[static_cast<size_t>(token)] = kForbidden;
  return true;
}

void Sampler::rank(std::span<const float> logits, uint32_t count, double log_sum,
                   std::vector<TokenLogprob>& to) {
  if (count == 0) return;
  SamplingParameters greatest;
  greatest.top_k = static_cast<int32_t>(count);
  for_longer_lists(logits, rows_.summarise(logits).greatest, greatest, [&](const Shortlist& list) {
    for (size_t i = 0; list.is_whole && i < list.count; ++i)
      to.push_back({candidates_[i].token, candidates_[i].logit - log_sum});
    return list.is_whole;
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

// Until one decides it; the last is whole.
template <class Decides>
void Sampler::for_longer_lists(std::span<const float> logits, float greatest,
                               const SamplingParameters& sampling, Decides&& decides) {
  for (double reach : kReaches) {
    double least = std::max(greatest - reach * sampling.temperature, double{kLowest});
    if (decides(list_from(static_cast<float>(least), logits, sampling))) return;
  }
}

Sampler::Shortlist Sampler::list_from(float least, std::span<const float> logits,
                                      const SamplingParameters& sampling) {
  size_t found = rows_.collect(logits, least, candidates_);
  size_t top_k = sampling.top_k > 0 ? static_cast<size_t>(sampling.top_k) : logits.size();
  Shortlist list{std::min(found, top_k), least <= kLowest || found >= top_k, 0};
  auto is_before = [](const LogitCandidate& a, const LogitCandidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  auto begin = candidates_.begin(), middle = begin + static_cast<int64_t>(list.count);
  if (list.count < found) std::nth_element(begin, middle, begin + static_cast<int64_t>(found), is_before);
  std::sort(begin, middle, is_before);
  for (size_t i = 0; i < list.count; ++i)
    list.total += weights_[i] =
        std::exp((double{candidates_[i].logit} - candidates_[0].logit) / sampling.temperature);
  return list;
}

// Nothing if it is not decided by those on the list.
std::optional<int32_t> Sampler::pick(const Shortlist& list, const SamplingParameters& sampling,
                                     double number) const {
  if (sampling.top_k > 0 && !list.is_whole) return {};
  // Candidates are sorted, so top-p and min-p both cut the tail off.
  double kept = 0;
  size_t keep = 0;
  auto is_cut = [&] {
    bool has_share = sampling.top_p < 1 && kept >= sampling.top_p * list.total;
    return keep > 0 && (has_share || weights_[keep] < sampling.min_p * weights_[0]);
  };
  while (keep < list.count && !is_cut()) kept += weights_[keep++];
  bool has_end = keep < list.count || list.is_whole;
  if (!has_end && (sampling.top_p < 1 || sampling.min_p > 0)) return {};
  double target = number * (has_end ? kept : list.total);
  for (size_t i = 0; i < keep; ++i) {
    target -= weights_[i];
    if (target < 0) return candidates_[i].token;
  }
  if (!has_end) return {};
  return candidates_[keep - 1].token;
}

}  // namespace tenon
