// /v1/models, /v1/models/{id} and /props: what is served, and how.
#include <apps/common/model_report.hpp>
#include <apps/server/api/engine_request.hpp>
#include <apps/server/api/limits.hpp>
#include <apps/server/api/routes.hpp>

#include <tenon/text/tool_calls.hpp>

namespace tenon::api {
namespace {

Json model_json(const Service& service) {
  return {{"id", service.model_name()},
          {"object", "model"},
          {"created", service.created()},
          {"owned_by", "tenon"},
          {"max_model_len", service.context()}};
}

Json sampling_defaults(const GenerationSection& defaults) {
  return {{"temperature", defaults.temperature},
          {"top_p", defaults.top_p},
          {"top_k", defaults.top_k},
          {"min_p", defaults.min_p},
          {"repetition_penalty", defaults.repetition_penalty},
          {"presence_penalty", defaults.presence_penalty},
          {"frequency_penalty", defaults.frequency_penalty}};
}

Json limits_json(const Service& service) {
  const EngineSection& engine = service.description().engine;
  return {{"n", kChoicesMax},
          {"prompts", kPromptsMax},
          {"stop", kStopsMax},
          {"logit_bias", kLogitBiasMax},
          {"top_logprobs", kTopLogprobsMax},
          {"tools", kToolsMax},
          {"sequences", engine.sequences_max},
          {"tokens_per_step", engine.tokens_per_step}};
}

const char* word_for(ToolFormat format) {
  switch (format) {
    case ToolFormat::kHermes: return "hermes";
    case ToolFormat::kXml: return "qwen3_coder";
    case ToolFormat::kNone: break;
  }
  return "none";
}

}  // namespace

void answer_models(const Service& service, const Exchanged& exchange) {
  send(exchange, Json{{"object", "list"}, {"data", Json::array({model_json(service)})}});
}

void answer_model(const Service& service, const Exchanged& exchange) {
  const std::string* name = exchange->request().parameters.find("model");
  Check check = check_model(service, name ? std::optional(*name) : std::nullopt);
  send(exchange, check.ok() ? Reply<Json>(model_json(service)) : Reply<Json>(check.error()));
}

void answer_props(const Service& service, const Exchanged& exchange) {
  const ModelDescription& model = service.description();
  Json props = {{"model", service.model_name()},
                {"context", service.context()},
                {"vocabulary", model.vocabulary},
                {"layers", model.layers.size()},
                {"speculative", model.speculative && model.speculative->draft_tokens > 0},
                {"eos", model.generation.eos},
                {"sampling_defaults", sampling_defaults(model.generation)},
                {"limits", limits_json(service)},
                {"tool_format", word_for(service.tool_format())},
                {"strict_fields", service.options().strictness == Strictness::kRefuseOthers},
                {"allow_special_in_input", service.options().input == AddedTokens::kRecognised},
                {"inside", model_report(service.assembly())},
                {"plugins", plugin_report(model)},
                {"chat_template", nullptr}};
  if (service.chat_template()) props["chat_template"] = service.chat_template()->source();
  send(exchange, std::move(props));
}

}  // namespace tenon::api
