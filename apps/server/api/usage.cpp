#include <apps/server/api/usage.hpp>

namespace tenon::api {
namespace {

// A phase's count, its milliseconds, and both rates.
void add_phase(Json& to, const std::string& name, uint64_t count, double seconds) {
  double n = static_cast<double>(count);
  to[name + "_n"] = count;
  to[name + "_ms"] = 1e3 * seconds;
  to[name + "_per_token_ms"] = count > 0 ? 1e3 * seconds / n : 0;
  to[name + "_per_second"] = seconds > 0 ? n / seconds : 0;
}

}  // namespace

Json usage_json(const UsageCounts& counts) {
  return {{"prompt_tokens", counts.prompt},
          {"completion_tokens", counts.completion},
          {"total_tokens", counts.prompt + counts.completion},
          {"prompt_tokens_details", {{"cached_tokens", counts.cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", counts.reasoning}}}};
}

Json timings_json(const RequestStats& stats, uint64_t prompt_tokens, uint64_t output_tokens) {
  Json timings = {{"queue_ms", 1e3 * stats.queued_seconds}, {"cache_n", stats.cached_tokens}};
  add_phase(timings, "prompt", prompt_tokens - stats.cached_tokens, stats.prefill_seconds);
  add_phase(timings, "predicted", output_tokens, stats.decode_seconds);
  timings["draft_n"] = stats.drafted, timings["draft_n_accepted"] = stats.accepted;
  return timings;
}

Json progress_json(const RequestStats& stats, uint64_t prompt_tokens) {
  return {{"total", prompt_tokens},
          {"cache", stats.cached_tokens},
          {"processed", stats.computed_tokens},
          {"time_ms", 1e3 * stats.prefill_seconds}};
}

}  // namespace tenon::api
