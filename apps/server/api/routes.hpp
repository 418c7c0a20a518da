// The handlers of the API, and what they have in common.
#pragma once
#include <apps/server/api/service.hpp>

namespace tenon::api {

using Exchanged = std::shared_ptr<http::Exchange>;

void answer_chat(const Service& service, const Exchanged& exchange);
void answer_completion(const Service& service, const Exchanged& exchange);
void answer_models(const Service& service, const Exchanged& exchange);
void answer_model(const Service& service, const Exchanged& exchange);
void answer_tokenize(const Service& service, const Exchanged& exchange);
void answer_detokenize(const Service& service, const Exchanged& exchange);
void answer_apply_template(const Service& service, const Exchanged& exchange);
void answer_props(const Service& service, const Exchanged& exchange);
void answer_openapi(const Service& service, const Exchanged& exchange);

// What a handler makes of a request: an answer, or the error in its place.
void send(const Exchanged& exchange, Reply<Json> answer, const Body* body = nullptr);

// The body of a request under a route's table.
Reply<Body> read_body(const Service& service, const http::Exchange& exchange, const FieldTable& table);

// x-ignored-fields, where there are any.
http::Headers headers_of(const Body& body);

}  // namespace tenon::api
