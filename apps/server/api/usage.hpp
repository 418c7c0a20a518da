// What answers say of their cost.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/engine/request.hpp>

namespace tenon::api {

struct UsageCounts {
  uint64_t prompt = 0, completion = 0, cached = 0, reasoning = 0;
};

Json usage_json(const UsageCounts& counts);
// Of one answer: prompt_n are the tokens that had to be computed, cache_n those that were not.
Json timings_json(const RequestStats& stats, uint64_t prompt_tokens, uint64_t output_tokens);
Json progress_json(const RequestStats& stats, uint64_t prompt_tokens);

}  // namespace tenon::api
