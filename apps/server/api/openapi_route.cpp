#include <apps/server/api/openapi.hpp>
#include <apps/server/api/routes.hpp>

namespace tenon::api {

void answer_openapi(const Service&, const Exchanged& exchange) { send(exchange, Json(openapi_document())); }

}  // namespace tenon::api
