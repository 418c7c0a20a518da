#include <apps/server/http/message.hpp>

namespace tenon::http {

Response json_response(std::string body) {
  return {200, {{"content-type", "application/json"}}, std::move(body)};
}

}  // namespace tenon::http
