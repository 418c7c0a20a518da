// Failures in the one shape that OpenAI's clients understand:
//
//     {"error": {"message": "...", "type": "...", "param": null, "code": "..."}, "request_id": "..."}
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tenon::http {

// All four keys are always written; a code is a string or null, never a number.
struct ApiError {
  int status = 400;  // 400 to 599
  std::string message;
  std::string type = "invalid_request_error";
  std::optional<std::string> param;               // the field of the request that is wrong: "messages[0].role"
  std::optional<std::string> code;                // what programs look at: "context_length_exceeded"
  std::optional<unsigned> retry_after_seconds{};  // header Retry-After
};

// The usual ones. Further ones are written where they arise.
ApiError bad_request(std::string message, std::optional<std::string> param = {},
                     std::optional<std::string> code = {});
// 404, code `code`: "unknown_url", "model_not_found"
ApiError not_found(std::string message, std::string code);
// 503, type "server_error": code "overloaded", "shutting_down", "engine_stopped", ...
ApiError unavailable(std::string message, std::string code, std::optional<unsigned> retry_after_seconds = {});
// 500, type "server_error", code "internal_error"
ApiError internal_error(std::string message);

// The JSON text. Invalid UTF-8 in it is replaced. request_id: left out if empty.
std::string to_json(const ApiError& error, std::string_view request_id);

}  // namespace tenon::http
