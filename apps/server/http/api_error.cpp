#include <apps/server/http/api_error.hpp>

#include <tenon/base/json.hpp>

namespace tenon::http {
namespace {

Json json_of(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

}  // namespace

ApiError bad_request(std::string message, std::optional<std::string> param, std::optional<std::string> code) {
  return {400, std::move(message), "invalid_request_error", std::move(param), std::move(code)};
}

ApiError not_found(std::string message, std::string code) {
  return {404, std::move(message), "invalid_request_error", {}, std::move(code)};
}

ApiError unavailable(std::string message, std::string code, std::optional<unsigned> retry_after_seconds) {
  return {503, std::move(message), "server_error", {}, std::move(code), retry_after_seconds};
}

ApiError internal_error(std::string message) {
  return {500, std::move(message), "server_error", {}, "internal_error"};
}

std::string to_json(const ApiError& error, std::string_view request_id) {
  Json json;
  json["error"] = {{"message", error.message},
                   {"type", error.type},
                   {"param", json_of(error.param)},
                   {"code", json_of(error.code)}};
  if (!request_id.empty()) json["request_id"] = request_id;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tenon::http
