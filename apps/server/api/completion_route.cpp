// POST /v1/completions: text or tokens are continued as they are.
#include <apps/server/api/completion_shape.hpp>
#include <apps/server/api/generation.hpp>
#include <apps/server/api/limits.hpp>
#include <apps/server/api/routes.hpp>
#include <apps/server/api/tables.hpp>

namespace tenon::api {
namespace {

using Ids = std::vector<int32_t>;

bool is_list_of_prompts(const Json& prompt) {
  return prompt.is_array() && (prompt.front().is_string() || prompt.front().is_array());
}

Reply<Ids> read_prompt(const Service& service, const Json& prompt, const std::string& param) {
  if (prompt.is_array()) return read_token_ids(service, prompt, param);
  if (!prompt.is_string())
    return http::bad_request(param + ": must be text or a list of token ids", param, "invalid_type");
  return blamed_on(service.tokenizer().encode(prompt.get_ref<const std::string&>(), service.options().input),
                   param);
}

Reply<std::vector<Ids>> read_prompts(const Service& service, const Json& given) {
  std::vector<Ids> prompts;
  if (!is_list_of_prompts(given)) {
    TENON_TRY(Ids prompt, read_prompt(service, given, "prompt"));
    prompts.push_back(std::move(prompt));
  } else if (given.size() > kPromptsMax) {
    return http::bad_request("prompt: has " + std::to_string(given.size()) + " prompts, must have at most " +
                                 std::to_string(kPromptsMax),
                             "prompt", "out_of_range");
  } else {
    for (size_t i = 0; i < given.size(); ++i) {
      TENON_TRY(Ids prompt, read_prompt(service, given[i], "prompt[" + std::to_string(i) + "]"));
      prompts.push_back(std::move(prompt));
    }
  }
  for (const Ids& prompt : prompts)
    if (prompt.empty())
      return http::bad_request("prompt: is empty, must have at least one token", "prompt", "invalid_value");
  return prompts;
}

Reply<AnswerWishes> read_completion_wishes(const Body& body) {
  TENON_TRY(AnswerWishes wishes, read_wishes(body));
  wishes.max_tokens = static_cast<uint32_t>(*body.integer("max_tokens"));
  wishes.wants_output = wishes.max_tokens > 0;
  if (!wishes.wants_output && !body.is_true("echo"))
    return http::bad_request("max_tokens: is 0, must be at least 1 without echo", "max_tokens", "out_of_range");
  return wishes;
}

void add_choices(GenerationPlan& plan, const tenon::Request& pattern, const std::vector<Ids>& prompts) {
  const AnswerWishes& wishes = plan.wishes;
  for (const Ids& prompt : prompts) {
    plan.prompt_tokens.push_back(prompt.size());
    for (uint32_t i = 0; i < wishes.choices; ++i) {
      tenon::Request request = pattern;
      request.prompt = prompt;
      request.sampling.seed = wishes.seed + i;
      plan.choices.push_back({.stops = wishes.stops,
                              .ends = request.eos,
                              .parser = {},
                              .has_logprobs = wishes.logprobs.has_value()});
      plan.requests.push_back(std::move(request));
    }
  }
}

Reply<GenerationPlan> plan_completion(const Service& service, const Body& body, uint64_t salt) {
  TENON_TRY(check_model(service, body.text("model")));
  GenerationPlan plan;
  TENON_TRY(plan.wishes, read_completion_wishes(body));
  TENON_TRY(tenon::Request pattern, read_sampling(service, body, plan.wishes, salt));
  bool has_echo = body.is_true("echo");
  pattern.max_tokens = std::max(plan.wishes.max_tokens, 1u);
  pattern.wants_prompt_logprobs = has_echo && pattern.wants_logprobs;
  TENON_TRY(std::vector<Ids> prompts, read_prompts(service, *body.find("prompt")));
  for (const Ids& prompt : prompts)
    TENON_TRY(check_room(service, prompt.size(), plan.wishes.max_tokens, "prompt"));
  add_choices(plan, pattern, prompts);
  if (plan.wishes.has_token_ids && prompts.size() == 1) plan.prompt_token_ids = prompts.front();
  plan.shape = std::make_unique<CompletionShape>(
      service.tokenizer(), CompletionShapeOptions{.has_echo = has_echo,
                                                  .has_output = plan.wishes.wants_output,
                                                  .has_logprobs = pattern.wants_logprobs,
                                                  .has_token_ids = plan.wishes.has_token_ids,
                                                  .prompts = std::move(prompts),
                                                  .choices = plan.wishes.choices});
  plan.headers = headers_of(body);
  return plan;
}

}  // namespace

void answer_completion(const Service& service, const Exchanged& exchange) {
  Reply<Body> body = read_body(service, *exchange, completion_fields());
  if (!body.ok()) return exchange->fail(body.error());
  Reply<GenerationPlan> plan = plan_completion(service, body.value(), exchange->request().salt);
  if (!plan.ok()) return exchange->fail(plan.error());
  Generation::start(service, exchange, std::move(plan).value());
}

}  // namespace tenon::api
