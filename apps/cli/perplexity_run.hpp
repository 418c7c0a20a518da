// How well a model guesses a text, and how near another is to it.
//
// The text's tokens are cut into windows of equal length, what is left over at the end is not used, and each
// window is prefilled on its own. Of its tokens the first half only gives context; for each of the others the
// probability that the model gave to it, after those before it, counts. So perplexity is exp(-mean log
// probability) over windows * (window - window / 2) tokens.
#pragma once
#include <apps/common/options.hpp>

#include <functional>

namespace tenon::cli {

struct PerplexityRequest {
  std::string text;          // a file
  uint32_t window = 512;     // tokens; at least 2
  uint32_t windows_max = 0;  // 0: all
};

// Of one model.
struct Perplexity {
  double value = 0;
  double error = 0;  // of the value, as the spread between tokens tells: one standard deviation
};

struct PerplexityReport {
  uint64_t windows = 0, window = 0, tokens = 0;  // the tokens that count
  Perplexity model, reference;                   // the latter where there is one
  // Where there is a reference: what is lost on average by taking the model's distribution for its, in nats,
  // and how often both hold the same token for the most probable.
  double mean_kl = 0, top_1 = 0;
};

// Told how many windows are done, of how many.
using PerplexityProgress = std::function<void(uint64_t done, uint64_t total)>;

// reference: NULL, or a model of the same vocabulary. The text is cut into tokens by the first model's
// tokenizer. Fails if the text has fewer tokens than a window, or a model has no tokenizer. Both models are in
// memory at once.
Result<PerplexityReport> measure_perplexity(const ModelOptions& model, const ModelOptions* reference,
                                            const PerplexityRequest& request);

// "perplexity  12.34 +- 0.05  (9 windows of 512 tokens, 2304 tokens count)" and so on. names: of the two
// models.
void print_perplexity(const PerplexityReport& report, const char* model_name, const char* reference_name);

}  // namespace tenon::cli
