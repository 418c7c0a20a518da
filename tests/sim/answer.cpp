#include "answer.hpp"

#include "plugins/oracle.hpp"

#include <tenon/engine/sampler.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace tenon::sim {
namespace {

// Draws closer than this to the border between two tokens are left to others.
constexpr double kBorder = 1e-4;

// softmax(logits / temperature), of the tokens in the order in which they are drawn: greatest first, and of
// equals the lower id.
struct Candidate {
  double logit;
  int32_t token;
};

std::array<Candidate, kVocabulary> candidates_of(const Oracle& oracle) {
  std::array<double, kVocabulary> hidden{};
  double weight = 1, squares = 0;
  for (int32_t token : oracle.trail()) hidden[static_cast<size_t>(token)] += weight, weight *= kGrowth;
  for (double value : hidden) squares += value * value;
  double scale = 1 / std::sqrt(squares / kVocabulary + 1e-6);
  std::array<Candidate, kVocabulary> candidates;
  for (size_t i = 0; i < candidates.size(); ++i) candidates[i] = {hidden[i] * scale, static_cast<int32_t>(i)};
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; });
  return candidates;
}

// NULL if it is too close to call.
std::optional<int32_t> sample(const Oracle& oracle, double temperature, double draw) {
  auto candidates = candidates_of(oracle);
  double total = 0, below = 0;
  for (const Candidate& candidate : candidates) total += std::exp(candidate.logit / temperature);
  for (const Candidate& candidate : candidates) {
    double above = below + std::exp(candidate.logit / temperature) / total;
    if (std::fabs(draw - above) < kBorder && above < 1 - kBorder) return std::nullopt;
    if (draw < above) return candidate.token;
    below = above;
  }
  return candidates.back().token;
}

}  // namespace

Answer expected_answer(const Request& request, uint32_t count, int32_t prompt_phase) {
  Answer answer;
  Oracle oracle;
  int32_t next = -1;
  for (int32_t token : request.prompt) next = oracle.consume(token, prompt_phase);
  while (answer.tokens.size() < count) {
    if (request.sampling.temperature > 0) {
      double draw = uniform_draw(request.sampling.seed, answer.tokens.size());
      std::optional<int32_t> sampled = sample(oracle, request.sampling.temperature, draw);
      if (!sampled) return answer;
      next = *sampled;
    }
    answer.tokens.push_back(next);
    if (std::find(request.eos.begin(), request.eos.end(), next) != request.eos.end()) {
      answer.reason = FinishReason::kEos;
      return answer;
    }
    next = oracle.consume(next, TENON_DECODE);
  }
  return answer;
}

}  // namespace tenon::sim
