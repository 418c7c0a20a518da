// POST /v1/chat/completions.
#include <apps/server/api/answer_form.hpp>
#include <apps/server/api/chat_prompt.hpp>
#include <apps/server/api/chat_shape.hpp>
#include <apps/server/api/generation.hpp>
#include <apps/server/api/routes.hpp>
#include <apps/server/api/tables.hpp>
#include <apps/server/api/tool_choice.hpp>

namespace tenon::api {
namespace {

AnswerWishes with_length(AnswerWishes wishes, const Body& body) {
  auto most = body.integer("max_completion_tokens");
  if (!most) most = body.integer("max_tokens");
  wishes.max_tokens = static_cast<uint32_t>(most.value_or(0));
  return wishes;
}

AnswerParserOptions parser_options(const Service& service, const Body& body, const ToolChoice& choice,
                                   const std::vector<int32_t>& prompt) {
  AnswerParserOptions options;
  options.start = part_after(prompt, service.tokenizer(), service.markers());
  // Calls come whole: what turns out to be none is content, which a client could not be told afterwards.
  options.delivery = CallDelivery::kWhole;
  if (choice.has_tools()) {
    options.format = service.tool_format();
    options.schemas = ToolSchemas(*body.find("tools"));
    // What must be a call may be written out of any tokens.
    options.has_spelled_calls = choice.must_call();
  }
  return options;
}

std::unique_ptr<AnswerShape> shape_of(const Service& service, const Body& body, const AnswerWishes& wishes,
                                      const std::string& id) {
  return std::make_unique<ChatShape>(service.tokenizer(), wishes.choices,
                                     ChatShapeOptions{.reasoning_field = service.options().reasoning_field,
                                                      .has_reasoning = body.is_true("include_reasoning"),
                                                      .has_logprobs = wishes.logprobs.has_value(),
                                                      .has_token_ids = wishes.has_token_ids,
                                                      .call_id_prefix = id});
}

Reply<GenerationPlan> plan_chat(const Service& service, const Body& body, const http::Request& asked) {
  TENON_TRY(check_model(service, body.text("model")));
  GenerationPlan plan;
  TENON_TRY(AnswerWishes wishes, read_wishes(body));
  plan.wishes = with_length(std::move(wishes), body);
  TENON_TRY(ToolChoice choice, read_tool_choice(body));
  TENON_TRY(auto form, read_form(service, body, choice));
  TENON_TRY(tenon::Request request, read_sampling(service, body, plan.wishes, asked.salt));
  TENON_TRY(ChatPrompt prompt, render_chat(service, body, choice.has_tools()));
  TENON_TRY(check_room(service, prompt.ids.size(), plan.wishes.max_tokens, "messages"));
  request.prompt = std::move(prompt.ids);
  if (form) {
    TENON_TRY(request.constraint, constraint_of(service, *form, request.prompt));
  }
  for (uint32_t i = 0; i < plan.wishes.choices; ++i) {
    plan.choices.push_back({.stops = plan.wishes.stops,
                            .ends = request.eos,
                            .parser = parser_options(service, body, choice, request.prompt),
                            .has_one_call = !body.is_true("parallel_tool_calls"),
                            .has_logprobs = plan.wishes.logprobs.has_value()});
    plan.requests.push_back(request);
    plan.requests.back().sampling.seed = plan.wishes.seed + i;
  }
  plan.prompt_tokens = {request.prompt.size()};
  if (plan.wishes.has_token_ids) plan.prompt_token_ids = request.prompt;
  plan.shape = shape_of(service, body, plan.wishes, asked.id);
  plan.headers = headers_of(body);
  return plan;
}

}  // namespace

void answer_chat(const Service& service, const Exchanged& exchange) {
  Reply<Body> body = read_body(service, *exchange, chat_fields());
  if (!body.ok()) return exchange->fail(body.error());
  Reply<GenerationPlan> plan = plan_chat(service, body.value(), exchange->request());
  if (!plan.ok()) return exchange->fail(plan.error());
  Generation::start(service, exchange, std::move(plan).value());
}

}  // namespace tenon::api
