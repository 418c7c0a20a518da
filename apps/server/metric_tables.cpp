#include <apps/server/metric_tables.hpp>

#include <algorithm>

namespace tenon {
namespace {

using http::Answer;
using http::Record;
using prometheus::MetricType;
using Add = std::function<void(double)>;

const std::vector<double> kFirstToken = {.001, .005, .01, .02, .04, .06, .08, .1, .25, .5,  .75,
                                         1,    2.5,  5,   7.5, 10,  20,  40,  80, 160, 640, 2560};
const std::vector<double> kBetweenTokens = {.01, .025, .05, .075, .1,  .15, .2, .3, .4, .5,
                                            .75, 1,    2.5, 5,    7.5, 10,  20, 40, 80};
const std::vector<double> kLatency = {.3, .5, .8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                                      30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680};
const std::vector<double> kTokens = {1,    2,    5,     10,    20,    50,     100,    200,    500,    1000,
                                     2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000};
const std::vector<double> kAnswers = {1, 2, 5, 10, 20};

double seconds(http::Clock::time_point from, http::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

bool has_ended(const Answer& answer) { return !answer.finish_reason.empty(); }

// A histogram of something that every answer has which ran to its end.
auto of_answers(double (*value)(const Answer&)) {
  return [value](const Record& record, const Add& add) {
    for (const Answer& answer : record.generation.answers)
      if (has_ended(answer) && answer.tokens > 0) add(value(answer));
  };
}

// The same of a request, if the engine was asked.
auto of_requests(double (*value)(const Record&)) {
  return [value](const Record& record, const Add& add) {
    if (!record.generation.answers.empty()) add(value(record));
  };
}

void observe_first_tokens(const Record& record, const Add& add) {
  for (const Answer& answer : record.generation.answers)
    if (answer.tokens > 0) add(seconds(record.generation.submitted, answer.first));
}
void observe_intervals(const Record& record, const Add& add) {
  for (const Answer& answer : record.generation.answers)
    for (float interval : answer.intervals_s) add(interval);
}
void observe_time_per_token(const Record& record, const Add& add) {
  for (const Answer& answer : record.generation.answers)
    if (answer.tokens > 1) add(seconds(answer.first, answer.last) / static_cast<double>(answer.tokens - 1));
}

std::vector<HistogramLine> make_histograms() {
  return {
      {"tenon_http_request_seconds", "From a request's headers to the end of its answer", kLatency,
       [](const Record& record, const Add& add) { add(seconds(record.begun, record.ended)); }},
      {"tenon_request_seconds", "The same, of requests that the engine worked for", kLatency,
       of_requests([](const Record& record) { return seconds(record.begun, record.ended); })},
      {"tenon_time_to_first_token_seconds", "From asking the engine to the first token", kFirstToken,
       observe_first_tokens},
      {"tenon_inter_token_seconds", "Between a token and the next", kBetweenTokens, observe_intervals},
      {"tenon_time_per_output_token_seconds", "The same, averaged over an answer", kBetweenTokens,
       observe_time_per_token},
      {"tenon_request_queue_seconds", "Waiting for the first step", kLatency,
       of_answers([](const Answer& answer) { return answer.fare.queued_s; })},
      {"tenon_request_prefill_seconds", "From there to the first token", kLatency,
       of_answers([](const Answer& answer) { return answer.fare.prefill_s; })},
      {"tenon_request_decode_seconds", "From there to the last token", kLatency,
       of_answers([](const Answer& answer) { return answer.fare.decode_s; })},
      {"tenon_request_inference_seconds", "From the first step to the last token", kLatency,
       of_answers([](const Answer& answer) { return answer.fare.prefill_s + answer.fare.decode_s; })},
      {"tenon_request_prompt_tokens", "Tokens of prompts", kTokens,
       of_requests([](const Record& record) { return static_cast<double>(record.generation.prompt_tokens); })},
      {"tenon_request_output_tokens", "Tokens of answers", kTokens,
       of_answers([](const Answer& answer) { return static_cast<double>(answer.tokens); })},
      {"tenon_request_answers", "Answers asked for by a request", kAnswers,
       of_requests([](const Record& record) { return static_cast<double>(record.generation.answers.size()); })},
      {"tenon_request_max_tokens", "Tokens that an answer was allowed", kTokens,
       of_requests([](const Record& record) { return static_cast<double>(record.generation.tokens_max); })},
  };
}

double share_in_use(const tenon_cache_stats& cache) {
  return cache.pool > 0 ? static_cast<double>(cache.used_by_sequences) / static_cast<double>(cache.pool) : 0;
}

StandingLine counter(const char* name, const char* help, std::function<double(const Standing&)> value) {
  return {name, help, MetricType::Counter, std::move(value)};
}
StandingLine gauge(const char* name, const char* help, std::function<double(const Standing&)> value) {
  return {name, help, MetricType::Gauge, std::move(value)};
}

std::vector<StandingLine> make_standing() {
  using S = Standing;
  return {
      gauge("tenon_ready", "1 if /readyz says 200", [](const S& s) { return s.is_ready ? 1 : 0; }),
      gauge("tenon_engine_step_age_seconds", "Since the step under way began; 0 between steps",
            [](const S& s) { return s.step_seconds; }),
      gauge("tenon_requests_running", "Sequences in the engine's steps",
            [](const S& s) { return s.engine.running; }),
      gauge("tenon_requests_waiting", "Requests that wait for room",
            [](const S& s) { return s.engine.waiting; }),
      counter("tenon_engine_steps_total", "Steps", [](const S& s) { return s.engine.steps; }),
      counter("tenon_engine_seconds_total", "Time in steps", [](const S& s) { return s.engine.seconds; }),
      counter("tenon_model_seconds_total", "Of it, time in the model and the speculator",
              [](const S& s) { return s.engine.model_seconds; }),
      counter("tenon_prompt_tokens_total", "Tokens of prompts, computed",
              [](const S& s) { return s.engine.prompt_tokens; }),
      counter("tenon_output_tokens_total", "Tokens generated",
              [](const S& s) { return s.engine.output_tokens; }),
      counter("tenon_prefix_cache_queries_total", "Tokens of prompts that were looked for in the cache",
              [](const S& s) { return s.engine.cache.prompt_tokens; }),
      counter("tenon_prefix_cache_hits_total", "Of them, found",
              [](const S& s) { return s.engine.cache.reused_tokens; }),
      counter("tenon_draft_tokens_total", "Tokens guessed", [](const S& s) { return s.engine.drafted; }),
      counter("tenon_draft_tokens_accepted_total", "Of them, right",
              [](const S& s) { return s.engine.accepted; }),
      counter("tenon_preemptions_total", "Times that a request gave way to another",
              [](const S& s) { return s.engine.preemptions; }),
      counter("tenon_numerical_errors_total", "Requests that ended because a value was not finite",
              [](const S& s) { return s.engine.numerical_errors; }),
      gauge("tenon_cache_pool_bytes", "Memory for sequences", [](const S& s) { return s.engine.cache.pool; }),
      gauge("tenon_cache_used_bytes", "Of it, in use by sequences",
            [](const S& s) { return s.engine.cache.used_by_sequences; }),
      gauge("tenon_cache_kept_bytes", "Of it, kept for prompts to come",
            [](const S& s) { return s.engine.cache.kept_for_later; }),
      gauge("tenon_cache_usage_ratio", "Share in use by sequences; 1: full",
            [](const S& s) { return share_in_use(s.engine.cache); }),
      counter("tenon_cache_pages_evicted_total", "Pages given up for others",
              [](const S& s) { return s.engine.cache.pages_evicted; }),
      counter("tenon_cache_states_evicted_total", "States given up for others",
              [](const S& s) { return s.engine.cache.states_evicted; }),
      gauge("tenon_cache_states_kept_bytes", "Of those kept, states that a sequence can begin with",
            [](const S& s) { return s.engine.cache.states_kept; }),
      gauge("tenon_http_connections", "Connections", [](const S& s) { return s.server.connections; }),
      gauge("tenon_http_requests_under_way", "Requests under way",
            [](const S& s) { return s.server.exchanges; }),
      counter("tenon_http_connections_total", "Connections accepted",
              [](const S& s) { return s.server.accepted; }),
      counter("tenon_http_requests_refused_total", "Requests refused before a handler saw them",
              [](const S& s) { return s.server.refused; }),
  };
}

struct Name {
  const char *own, *vllm;
};
constexpr Name kVllmNames[] = {
    {"tenon_requests_running", "vllm:num_requests_running"},
    {"tenon_requests_waiting", "vllm:num_requests_waiting"},
    {"tenon_cache_usage_ratio", "vllm:kv_cache_usage_perc"},
    {"tenon_prefix_cache_queries_total", "vllm:prefix_cache_queries_total"},
    {"tenon_prefix_cache_hits_total", "vllm:prefix_cache_hits_total"},
    {"tenon_preemptions_total", "vllm:num_preemptions_total"},
    {"tenon_prompt_tokens_total", "vllm:prompt_tokens_total"},
    {"tenon_output_tokens_total", "vllm:generation_tokens_total"},
    {"tenon_answers_total", "vllm:request_success_total"},
    {"tenon_draft_tokens_total", "vllm:spec_decode_num_draft_tokens_total"},
    {"tenon_draft_tokens_accepted_total", "vllm:spec_decode_num_accepted_tokens_total"},
    {"tenon_numerical_errors_total", "vllm:corrupted_requests_total"},
    {"tenon_time_to_first_token_seconds", "vllm:time_to_first_token_seconds"},
    {"tenon_inter_token_seconds", "vllm:inter_token_latency_seconds"},
    {"tenon_time_per_output_token_seconds", "vllm:request_time_per_output_token_seconds"},
    {"tenon_request_seconds", "vllm:e2e_request_latency_seconds"},
    {"tenon_request_queue_seconds", "vllm:request_queue_time_seconds"},
    {"tenon_request_prefill_seconds", "vllm:request_prefill_time_seconds"},
    {"tenon_request_decode_seconds", "vllm:request_decode_time_seconds"},
    {"tenon_request_inference_seconds", "vllm:request_inference_time_seconds"},
    {"tenon_request_prompt_tokens", "vllm:request_prompt_tokens"},
    {"tenon_request_output_tokens", "vllm:request_generation_tokens"},
    {"tenon_request_answers", "vllm:request_params_n"},
    {"tenon_request_max_tokens", "vllm:request_params_max_tokens"},
};

}  // namespace

const std::vector<HistogramLine>& histogram_lines() {
  static const std::vector<HistogramLine> lines = make_histograms();
  return lines;
}

const std::vector<StandingLine>& standing_lines() {
  static const std::vector<StandingLine> lines = make_standing();
  return lines;
}

const char* vllm_name_of(const std::string& name) {
  auto at = std::find_if(std::begin(kVllmNames), std::end(kVllmNames),
                         [&](const Name& entry) { return name == entry.own; });
  return at == std::end(kVllmNames) ? nullptr : at->vllm;
}

}  // namespace tenon
