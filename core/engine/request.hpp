// What is asked of the engine, and what comes back: plain data.
#pragma once
#include <tenon/engine/constraint.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tenon {

// Added to one token's logit, after the penalties; -infinity rules it out.
struct TokenBias {
  int32_t token;
  float bias;
};

// How the next token is drawn. The order of application is the order of the fields; docs/sampling.md says it in
// words.
struct SamplingParameters {
  double repetition_penalty =
      1.0;                        // divides (or multiplies, if negative) logits of tokens seen, prompt included
  double presence_penalty = 0.0;  // taken off logits of tokens already generated
  double frequency_penalty = 0.0;  // the same, times how often
  std::vector<TokenBias> biases;   // of tokens whatever was generated before
  double temperature = 1.0;        // 0: the most probable token, and nothing below applies
  int32_t top_k = 0;               // keep the k most probable; 0: all
  double top_p = 1.0;              // keep the fewest that together have this probability
  double min_p = 0.0;              // keep those with at least this share of the greatest probability
  uint64_t seed = 0;               // together with the number of the output token it decides the draw
};

struct Request {
  std::vector<int32_t> prompt;  // token ids, at least one
  SamplingParameters sampling;
  uint32_t max_tokens = 0;      // 0: as many as the context has room for
  std::vector<int32_t> eos;     // ids that end the answer; they are reported like any other token
  uint32_t min_tokens = 0;      // so many come before any of `eos` can
  bool wants_logprobs = false;  // whether events carry TokenEvent.logprob
  uint32_t top_logprobs = 0;    // with it, so many of the most probable tokens
  // Whether events tell of the prompt as it is computed, and whether they score its tokens too. Scored, nothing
  // of it is taken from the cache.
  bool wants_progress = false, wants_prompt_logprobs = false;
  int32_t priority = 0;  // lower goes first; every 64 steps of waiting count as one lower
  uint64_t salt = 0;     // requests of different salt share nothing in the cache
  // From the moment it is taken to its last token, waiting included; 0: no limit but engine.seconds_max. It is
  // looked at between steps, so the request ends, with kError, after the step in which its time runs out.
  double seconds_max = 0;
  ConstraintMaker constraint;  // begins the constraint of the answer; none: any token may come
};

// kEos also where the constraint lets nothing more follow.
enum class FinishReason { kEos, kLength, kCancelled, kError, kNumericalError };

// "eos", "length", "cancelled", "error", "numerical_error"
const char* name_of(FinishReason reason);

struct TokenLogprob {
  int32_t token;
  double logprob;  // natural logarithm of its probability by the model alone
};

// A token of the prompt, as the model expects it after those before it. The first of all has none.
struct ScoredToken {
  double logprob;
  std::vector<TokenLogprob> top;  // as many as the request wants, the most probable first
};

// How a request has fared so far. Times are the engine's.
struct RequestStats {
  uint32_t cached_tokens = 0;          // of the prompt, found in the cache
  uint32_t computed_tokens = 0;        // of the prompt, those included
  uint32_t drafted = 0, accepted = 0;  // tokens guessed, and those of them that were drawn too
  double queued_seconds = 0;           // until its first step
  double prefill_seconds = 0;          // from there to its first token
  double decode_seconds = 0;           // from there to this event
};

// One generated token, or the end of a request, or both; or news of the prompt, if the request wants them.
struct TokenEvent {
  uint64_t request;
  int32_t token = -1;  // -1: there is none, as where the end came without one
  bool is_last = false;
  double logprob =
      0;  // natural logarithm of the token's probability by the model alone, if the request wants it
  FinishReason reason{};              // if is_last
  std::string error;                  // if the reason is kError or kNumericalError
  std::vector<TokenLogprob> top{};    // the most probable tokens at this place, the most probable first
  std::vector<ScoredToken> scored{};  // the prompt's next tokens, from its second on
  RequestStats stats{};
};

// Called on the engine's thread, for each event of one request, in order.
using EventHandler = std::function<void(const TokenEvent& event)>;

}  // namespace tenon
