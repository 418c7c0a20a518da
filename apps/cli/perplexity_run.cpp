#include "perplexity_run.hpp"

#include "distribution.hpp"

#include <apps/common/loaded_model.hpp>
#include <apps/common/progress.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>
#include <tenon/engine/executor.hpp>
#include <tenon/text/tokenizer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

namespace tenon::cli {
namespace {

using Tokens = std::span<const int32_t>;

constexpr uint64_t kTextBytesMax = uint64_t{1} << 30;
constexpr uint64_t kSequence = 1;
constexpr uint32_t kRowsAtATime = 8;  // of logits

// A model that windows go through.
class Reader {
 public:
  static Result<std::unique_ptr<Reader>> load(const ModelOptions& options, uint32_t window) {
    TENON_TRY(ModelDescription description, options.describe());
    fit(description, window);
    std::unique_ptr<Reader> reader(new Reader);
    TENON_TRY(reader->model_, LoadedModel::load(std::move(description), options.plugins));
    TENON_TRY(reader->executor_, Executor::make(reader->model_->assembly()));
    reader->batch_.emplace(reader->model_->assembly());
    return reader;
  }

  const ModelDescription& description() const { return model_->assembly().description(); }
  uint32_t vocabulary() const { return model_->assembly().model().shape().vocabulary; }

  // salt: another for each window, so that none begins with what another computed.
  Status prefill(Tokens window, uint64_t salt) {
    uint32_t count = static_cast<uint32_t>(window.size());
    Cache& cache = executor_->cache();
    TENON_TRY(cache.admit(kSequence, window, salt, count, count));
    Work work{kSequence, window.data(), count, 0, TENON_PREFILL};
    TENON_TRY(cache.reserve(work, count));
    batch_->fill({&work, 1});
    TENON_TRY(executor_->run(*batch_));
    TENON_TRY(cache.commit(kSequence, count));
    cache.release(kSequence);
    return ok();
  }
  // Of rows [first, first + count) of the window; until the next call.
  Result<Matrix> logits(int32_t first, int32_t count) {
    int32_t rows[kRowsAtATime];
    for (int32_t i = 0; i < count; ++i) rows[i] = first + i;
    return executor_->logits({rows, static_cast<size_t>(count)});
  }

 private:
  Reader() = default;

  // A window in one step, and little memory for caches: a window is not looked at again.
  static void fit(ModelDescription& description, uint32_t window) {
    constexpr uint64_t kMemory = uint64_t{1} << 30;
    EngineSection& engine = description.engine;
    engine.sequences_max = kRowsAtATime;
    engine.tokens_per_step = std::max(window, engine.tokens_per_step);
    engine.context = 0;
    if (engine.memory == 0) engine.memory = kMemory;
    description.context_max = std::max(description.context_max, window);
    if (description.speculative) description.speculative->draft_tokens = 0;
  }

  std::unique_ptr<LoadedModel> model_;
  std::unique_ptr<Executor> executor_;
  std::optional<Batch> batch_;
};

// Log probabilities of the tokens that came.
class Scores {
 public:
  void add(double log_probability) {
    ++count_, sum_ += log_probability, squares_ += log_probability * log_probability;
  }
  uint64_t count() const { return count_; }
  Perplexity perplexity() const {
    double n = static_cast<double>(count_), mean = sum_ / n,
           variance = std::max(0.0, squares_ / n - mean * mean);
    double value = std::exp(-mean);
    return {value, n > 1 ? value * std::sqrt(variance / (n - 1)) : 0};
  }

 private:
  uint64_t count_ = 0;
  double sum_ = 0, squares_ = 0;
};

class Measurement {
 public:
  Measurement(Reader& model, Reader* reference) : model_(model), reference_(reference) {}

  Status add_window(Tokens window, uint64_t salt) {
    TENON_TRY(model_.prefill(window, salt));
    if (reference_) TENON_TRY(reference_->prefill(window, salt));
    int32_t end = static_cast<int32_t>(window.size()) - 1, first = static_cast<int32_t>(window.size() / 2) - 1;
    for (int32_t count; first < end; first += count) {
      count = std::min<int32_t>(kRowsAtATime, end - first);
      TENON_TRY(Matrix logits, model_.logits(first, count));
      score(logits, window.subspan(static_cast<size_t>(first) + 1), scores_);
      if (!reference_) continue;
      TENON_TRY(Matrix others, reference_->logits(first, count));
      score(others, window.subspan(static_cast<size_t>(first) + 1), reference_scores_);
      for (int32_t r = 0; r < count; ++r) compare(others.row(r), logits.row(r), logits.columns);
    }
    return ok();
  }

  PerplexityReport report() const {
    PerplexityReport report;
    report.tokens = scores_.count();
    report.model = scores_.perplexity();
    if (!reference_) return report;
    report.reference = reference_scores_.perplexity();
    report.mean_kl = kl_ / static_cast<double>(report.tokens);
    report.top_1 = static_cast<double>(same_) / static_cast<double>(report.tokens);
    return report;
  }

 private:
  void compare(const float* reference, const float* own, int64_t count) {
    kl_ += divergence(reference, own, count);
    same_ += top_token(reference, count) == top_token(own, count);
  }
  static void score(const Matrix& logits, Tokens next, Scores& scores) {
    for (int64_t r = 0; r < logits.rows; ++r)
      scores.add(logits.row(r)[next[static_cast<size_t>(r)]] - log_sum(logits.row(r), logits.columns));
  }

  Reader& model_;
  Reader* reference_;
  Scores scores_, reference_scores_;
  double kl_ = 0;      // sum over tokens
  uint64_t same_ = 0;  // tokens for which both hold the same for the most probable
};

Result<std::vector<int32_t>> tokens_of(const std::string& file, const Reader& model) {
  const TextSection& text = model.description().text;
  if (text.tokenizer.empty())
    return invalid(model.description().file +
                   ": text.tokenizer: is not given, expected one to cut the text with");
  TENON_TRY(Tokenizer tokenizer, Tokenizer::load(text.tokenizer));
  TENON_TRY(std::string content, read_file(file, kTextBytesMax));
  TENON_TRY(std::vector<int32_t> tokens, tokenizer.encode(content));
  for (int32_t token : tokens)
    if (static_cast<uint32_t>(token) >= model.vocabulary())
      return invalid(file + ": has token " + std::to_string(token) + ", expected one of the model's " +
                     std::to_string(model.vocabulary()));
  return tokens;
}

}  // namespace

Result<PerplexityReport> measure_perplexity(const ModelOptions& model, const ModelOptions* reference,
                                            const PerplexityRequest& request) {
  TENON_TRY(auto own, Reader::load(model, request.window));
  std::unique_ptr<Reader> other;
  if (reference) {
    TENON_TRY(other, Reader::load(*reference, request.window));
  }
  if (other && other->vocabulary() != own->vocabulary())
    return invalid("vocabulary: is " + std::to_string(own->vocabulary()) + " and " +
                   std::to_string(other->vocabulary()) + ", expected two models of the same");
  TENON_TRY(std::vector<int32_t> tokens, tokens_of(request.text, *own));
  uint64_t windows = tokens.size() / request.window;
  if (windows == 0)
    return invalid(request.text + ": has " + std::to_string(tokens.size()) + " tokens, expected a window of " +
                   std::to_string(request.window) + " at least");
  if (request.windows_max) windows = std::min<uint64_t>(windows, request.windows_max);
  Measurement measurement(*own, other.get());
  Progress progress("perplexity");
  for (uint64_t i = 0; i < windows; ++i) {
    TENON_TRY(measurement.add_window(Tokens(tokens).subspan(i * request.window, request.window), i + 1));
    progress.update(i + 1, windows);
  }
  PerplexityReport report = measurement.report();
  report.windows = windows, report.window = request.window;
  return report;
}

void print_perplexity(const PerplexityReport& report, const char* model_name, const char* reference_name) {
  std::printf("%-14s %12s %12s\n", "perplexity", "value", "+-");
  if (reference_name)
    std::printf("%-14s %12.4f %12.4f\n", reference_name, report.reference.value, report.reference.error);
  std::printf("%-14s %12.4f %12.4f\n", model_name, report.model.value, report.model.error);
  if (reference_name)
    std::printf("mean KL divergence %.6f, same most probable token %.2f %%\n", report.mean_kl,
                100 * report.top_1);
  std::printf("%llu windows of %llu tokens, %llu tokens count\n",
              static_cast<unsigned long long>(report.windows), static_cast<unsigned long long>(report.window),
              static_cast<unsigned long long>(report.tokens));
}

}  // namespace tenon::cli
