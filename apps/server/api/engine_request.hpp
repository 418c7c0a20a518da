// From a body's fields to what the engine is asked for.
#pragma once
#include <apps/server/api/service.hpp>

#include <tenon/engine/request.hpp>

#include <string>
#include <vector>

namespace tenon::api {

// What completions of both kinds say about their answers, once for all choices.
struct AnswerWishes {
  uint32_t choices = 1;              // per prompt
  uint32_t max_tokens = 0;           // 0: as many as there is room for
  bool wants_output = true;          // false: only the prompt is wanted, echoed
  std::optional<uint32_t> logprobs;  // so many of the most probable tokens beside each
  std::vector<std::string> stops;
  uint64_t seed = 0;  // of the first choice
  bool is_stream = false, has_usage = false, has_running_usage = false, has_progress = false;
  bool has_running_timings = false, has_token_ids = false;
};

// body: of a table with sampling_fields(). Fails where fields contradict each other or name tokens that do not
// exist.
Reply<AnswerWishes> read_wishes(const Body& body);

// Draws of this body, without prompt and constraint. salt: of whoever asks.
Reply<tenon::Request> read_sampling(const Service& service, const Body& body, const AnswerWishes& wishes,
                                    uint64_t salt);

// The prompt and its answer must fit: status 400 with code context_length_exceeded otherwise. param: where the
// prompt came from.
Check check_room(const Service& service, size_t prompt_tokens, uint32_t max_tokens, const std::string& param);

// A list of token ids of the vocabulary. param: the field.
Reply<std::vector<int32_t>> read_token_ids(const Service& service, const Json& list, const std::string& param);

// The model that a body names is the one served; 404 with code model_not_found otherwise.
Check check_model(const Service& service, const std::optional<std::string>& name);

// Why the engine took nothing, as its client should see it.
ApiError refused_by_engine(const Error& error);

}  // namespace tenon::api
