#include <apps/server/api/engine_request.hpp>

#include <apps/server/api/limits.hpp>

#include <tenon/base/text.hpp>

#include <charconv>
#include <random>

namespace tenon::api {
namespace {

constexpr unsigned kRetrySeconds = 1;

ApiError wrong(const std::string& param, const std::string& what, const char* code = "invalid_value") {
  return http::bad_request(param + ": " + what, param, code);
}

uint64_t random_seed() {
  thread_local std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Both bind a prompt to those who may share it (FNV-1a).
uint64_t salted(uint64_t salt, std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001B3; };
  for (int shift = 0; shift < 64; shift += 8) add(static_cast<unsigned char>(salt >> shift));
  for (char byte : text) add(static_cast<unsigned char>(byte));
  return hash;
}

Reply<std::vector<std::string>> read_stops(const Body& body) {
  const Json* stop = body.find("stop");
  if (!stop) return std::vector<std::string>();
  if (stop->is_string()) return std::vector<std::string>{stop->get<std::string>()};
  if (stop->size() > kStopsMax)
    return wrong(
        "stop",
        "has " + std::to_string(stop->size()) + " items, must have at most " + std::to_string(kStopsMax),
        "out_of_range");
  return stop->get<std::vector<std::string>>();
}

// logprobs is a switch of chats, with top_logprobs beside it, and a number of completions.
Reply<std::optional<uint32_t>> read_logprobs(const Body& body) {
  const Json* logprobs = body.find("logprobs");
  if (logprobs && !logprobs->is_boolean()) return std::optional<uint32_t>(logprobs->get<uint32_t>());
  if (!logprobs) return std::optional<uint32_t>();
  auto top = static_cast<uint32_t>(body.integer("top_logprobs").value_or(0));
  if (logprobs->get<bool>()) return std::optional<uint32_t>(top);
  if (top > 0) return wrong("top_logprobs", "is given, must not be without logprobs");
  return std::optional<uint32_t>();
}

Reply<std::vector<TokenBias>> read_biases(const Body& body, uint32_t vocabulary) {
  std::vector<TokenBias> biases;
  const Json* given = body.find("logit_bias");
  if (!given) return biases;
  for (const auto& [key, value] : given->items()) {
    std::string param = "logit_bias." + printable(key, 40);
    uint32_t token = 0;
    auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc() || end != key.data() + key.size() || token >= vocabulary)
      return wrong(param, "is no token, expected an id below " + std::to_string(vocabulary));
    if (!value.is_number()) return wrong(param, "must be a number", "invalid_type");
    double bias = value.get<double>();
    if (!(bias >= -kBiasMax && bias <= kBiasMax))
      return wrong(param, "must be between -100 and 100", "out_of_range");
    biases.push_back({static_cast<int32_t>(token), static_cast<float>(bias)});
  }
  return biases;
}

Reply<std::vector<int32_t>> read_ends(const Service& service, const Body& body) {
  std::vector<int32_t> ends;
  if (!body.is_true("ignore_eos")) ends = service.description().generation.eos;
  if (const Json* more = body.find("stop_token_ids")) {
    TENON_TRY(auto ids, read_token_ids(service, *more, "stop_token_ids"));
    ends.insert(ends.end(), ids.begin(), ids.end());
  }
  return ends;
}

SamplingParameters sampling_of(const GenerationSection& defaults, const Body& body) {
  SamplingParameters sampling;
  sampling.temperature = body.number("temperature").value_or(defaults.temperature);
  sampling.top_p = body.number("top_p").value_or(defaults.top_p);
  sampling.min_p = body.number("min_p").value_or(defaults.min_p);
  sampling.top_k = std::max<int32_t>(0, static_cast<int32_t>(body.integer("top_k").value_or(defaults.top_k)));
  sampling.repetition_penalty = body.number("repetition_penalty").value_or(defaults.repetition_penalty);
  sampling.presence_penalty = body.number("presence_penalty").value_or(defaults.presence_penalty);
  sampling.frequency_penalty = body.number("frequency_penalty").value_or(defaults.frequency_penalty);
  return sampling;
}

}  // namespace

Reply<AnswerWishes> read_wishes(const Body& body) {
  AnswerWishes wishes;
  wishes.choices = static_cast<uint32_t>(*body.integer("n"));
  TENON_TRY(wishes.stops, read_stops(body));
  TENON_TRY(wishes.logprobs, read_logprobs(body));
  auto seed = body.integer("seed");
  wishes.seed = seed ? static_cast<uint64_t>(*seed) : random_seed();
  wishes.is_stream = body.is_true("stream");
  if (body.find("stream_options") && !wishes.is_stream)
    return wrong("stream_options", "is given, must not be without stream");
  wishes.has_usage = body.is_true("stream_options", "include_usage");
  wishes.has_running_usage = wishes.has_usage && body.is_true("stream_options", "continuous_usage_stats");
  wishes.has_progress = wishes.is_stream && body.is_true("return_progress");
  wishes.has_running_timings = wishes.is_stream && body.is_true("timings_per_token");
  wishes.has_token_ids = body.is_true("return_token_ids");
  return wishes;
}

Reply<tenon::Request> read_sampling(const Service& service, const Body& body, const AnswerWishes& wishes,
                                    uint64_t salt) {
  tenon::Request request;
  request.sampling = sampling_of(service.description().generation, body);
  TENON_TRY(request.sampling.biases, read_biases(body, service.vocabulary()));
  TENON_TRY(request.eos, read_ends(service, body));
  request.max_tokens = wishes.max_tokens;
  request.min_tokens = static_cast<uint32_t>(*body.integer("min_tokens"));
  request.wants_logprobs = wishes.logprobs.has_value();
  request.top_logprobs = wishes.logprobs.value_or(0);
  request.wants_progress = wishes.has_progress;
  request.priority = static_cast<int32_t>(*body.integer("priority"));
  auto text = body.text("cache_salt");
  request.salt = text ? salted(salt, *text) : salt;
  return request;
}

Reply<std::vector<int32_t>> read_token_ids(const Service& service, const Json& list, const std::string& param) {
  std::vector<int32_t> ids;
  for (const Json& item : list) {
    bool is_id = item.is_number_integer() && item >= 0 && item < service.vocabulary();
    if (!is_id)
      return wrong(param + "[" + std::to_string(ids.size()) + "]",
                   "is no token, expected an id below " + std::to_string(service.vocabulary()));
    ids.push_back(item.get<int32_t>());
  }
  return ids;
}

Check check_room(const Service& service, size_t prompt_tokens, uint32_t max_tokens, const std::string& param) {
  size_t wanted = prompt_tokens + std::max(max_tokens, 1u);
  if (wanted <= service.context()) return passed();
  bool is_prompt = prompt_tokens >= service.context();
  return wrong(is_prompt ? param : "max_tokens",
               "prompt of " + std::to_string(prompt_tokens) + " tokens and an answer of at least " +
                   std::to_string(std::max(max_tokens, 1u)) + " do not fit into the context of " +
                   std::to_string(service.context()) + " tokens",
               "context_length_exceeded");
}

Check check_model(const Service& service, const std::optional<std::string>& name) {
  if (!name || *name == service.model_name()) return passed();
  ApiError error = http::not_found(
      "model: is \"" + printable(*name, 100) + "\", this server has \"" + service.model_name() + "\"",
      "model_not_found");
  error.param = "model";
  return error;
}

ApiError refused_by_engine(const Error& error) {
  if (error.code == TENON_INVALID) return http::bad_request(error.text, {}, "invalid_value");
  if (error.code == TENON_OUT_OF_MEMORY) return http::unavailable(error.text, "overloaded", kRetrySeconds);
  return http::unavailable(error.text, "engine_stopped");
}

}  // namespace tenon::api
