// /tokenize, /detokenize and /apply-template: what the model sees of text and chats.
#include <apps/server/api/chat_prompt.hpp>
#include <apps/server/api/engine_request.hpp>
#include <apps/server/api/routes.hpp>
#include <apps/server/api/tables.hpp>

#include <tenon/text/utf8.hpp>

namespace tenon::api {
namespace {

Reply<std::vector<int32_t>> ids_of(const Service& service, const Body& body) {
  const Json* text = body.find("prompt") ? body.find("prompt") : body.find("content");
  if (body.find("messages")) {
    if (text)
      return http::bad_request("prompt: is given beside messages, must be one of them", "prompt",
                               "invalid_value");
    TENON_TRY(ChatPrompt prompt, render_chat(service, body));
    return std::move(prompt.ids);
  }
  if (!text)
    return http::bad_request("prompt: is missing, must be given unless there are messages", "prompt",
                             "missing_required_parameter");
  AddedTokens added = body.is_true("parse_special") ? AddedTokens::kRecognised : AddedTokens::kIgnored;
  return blamed_on(service.tokenizer().encode(text->get_ref<const std::string&>(), added), "prompt");
}

Reply<Json> tokenize(const Service& service, const Body& body) {
  TENON_TRY(check_model(service, body.text("model")));
  TENON_TRY(auto ids, ids_of(service, body));
  Json answer = {{"tokens", ids}, {"count", ids.size()}, {"max_model_len", service.context()}};
  if (!body.is_true("with_pieces")) return answer;
  Json pieces = Json::array();
  for (int32_t id : ids) pieces.push_back(replace_invalid_utf8(service.tokenizer().bytes_of(id)));
  answer["pieces"] = std::move(pieces);
  return answer;
}

Reply<Json> detokenize(const Service& service, const Body& body) {
  TENON_TRY(check_model(service, body.text("model")));
  TENON_TRY(auto ids, read_token_ids(service, *body.find("tokens"), "tokens"));
  bool skips = body.is_true("skip_special_tokens");
  std::string text = service.tokenizer().decode(ids, skips ? SpecialTokens::kSkip : SpecialTokens::kKeep);
  return Json{{"prompt", text}, {"content", text}};
}

Reply<Json> apply_template(const Service& service, const Body& body) {
  TENON_TRY(check_model(service, body.text("model")));
  TENON_TRY(ChatPrompt prompt, render_chat(service, body));
  return Json{{"prompt", prompt.text}};
}

void answer(const Service& service, const Exchanged& exchange, const FieldTable& table,
            Reply<Json> (*work)(const Service&, const Body&)) {
  Reply<Body> body = read_body(service, *exchange, table);
  if (!body.ok()) return exchange->fail(body.error());
  send(exchange, work(service, body.value()), &body.value());
}

}  // namespace

void answer_tokenize(const Service& service, const Exchanged& exchange) {
  answer(service, exchange, tokenize_fields(), tokenize);
}

void answer_detokenize(const Service& service, const Exchanged& exchange) {
  answer(service, exchange, detokenize_fields(), detokenize);
}

void answer_apply_template(const Service& service, const Exchanged& exchange) {
  answer(service, exchange, apply_template_fields(), apply_template);
}

}  // namespace tenon::api
