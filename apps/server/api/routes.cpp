#include <apps/server/api/routes.hpp>

#include <tenon/base/log.hpp>

namespace tenon::api {
namespace {

constexpr size_t kIgnoredBytesMax = 1024;  // of the header

using Answer = void (*)(const Service& service, const Exchanged& exchange);

// Whatever a handler throws, memory that ran out above all, its client gets an answer.
http::Handler guarded(const Service& service, Answer answer) {
  return [&service, answer](Exchanged exchange) {
    try {
      answer(service, exchange);
    } catch (const std::bad_alloc&) {
      exchange->fail(http::unavailable("out of memory", "overloaded", 1));
    } catch (const std::exception& problem) {
      log().error("server: {}: {}", exchange->request().path, problem.what());
      exchange->fail(http::internal_error("the request could not be handled"));
    }
  };
}

}  // namespace

void add_openai_routes(http::Router& router, Service& service) {
  auto add = [&](const char* method, const char* pattern, Answer answer) {
    router.add({.method = method, .pattern = pattern, .handler = guarded(service, answer)});
  };
  add("POST", "/v1/chat/completions", answer_chat);
  add("POST", "/v1/completions", answer_completion);
  add("GET", "/v1/models", answer_models);
  add("GET", "/v1/models/{model...}", answer_model);
  add("POST", "/tokenize", answer_tokenize);
  add("POST", "/detokenize", answer_detokenize);
  add("POST", "/apply-template", answer_apply_template);
  add("GET", "/props", answer_props);
  add("GET", "/openapi.json", answer_openapi);
}

void send(const Exchanged& exchange, Reply<Json> answer, const Body* body) {
  if (!answer.ok()) return exchange->fail(answer.error());
  http::Response response =
      http::json_response(answer.value().dump(-1, ' ', false, Json::error_handler_t::replace));
  if (body)
    for (const auto& [name, value] : headers_of(*body)) response.headers.add(name, value);
  exchange->send(std::move(response));
}

Reply<Body> read_body(const Service& service, const http::Exchange& exchange, const FieldTable& table) {
  return Body::read(exchange.request().body, table, service.options().strictness);
}

http::Headers headers_of(const Body& body) {
  std::string names;
  for (const std::string& name : body.ignored()) {
    if (names.size() + name.size() > kIgnoredBytesMax) break;
    names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? http::Headers() : http::Headers{{"x-ignored-fields", names}};
}

}  // namespace tenon::api
