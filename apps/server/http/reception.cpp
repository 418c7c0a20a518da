#include <apps/server/http/reception.hpp>

#include <apps/server/http/text.hpp>

namespace tenon::http {
namespace {

constexpr unsigned kRetrySoonSeconds = 1, kRetryElsewhereSeconds = 5;

void set_id(Request& request) {
  const std::string* wanted = request.headers.find("x-request-id");
  request.id = wanted && is_request_id(*wanted) ? *wanted : new_request_id();
}

bool is_preflight(const Request& request) {
  return request.method == "OPTIONS" && request.headers.find("origin") &&
         request.headers.find("access-control-request-method");
}

}  // namespace

Reception::Reception(Limits limits, GateOptions gate, Router router, std::function<void(const Record&)> on_end)
    : limits_(limits),
      gate_(std::move(gate)),
      router_(std::move(router)),
      on_end_(std::move(on_end)),
      of_tenants_(std::max<size_t>(1, gate_.tenants())) {}

std::variant<Reception::Admitted, Reception::Refusal, Response> Reception::admit(Request& request,
                                                                                 Headers& more) {
  set_id(request);
  if (auto error = gate_.check_host(request)) return Refusal{std::move(*error), ""};
  more = gate_.cors_headers(request);
  if (is_preflight(request) && more.size() > 0) return gate_.preflight_answer();
  auto found = router_.find(request.method, request.path);
  Access access = Access::kKey;
  if (auto* match = std::get_if<Router::Match>(&found)) access = match->route->access;
  // Before anything else is told: without a key one does not even learn which routes there are.
  if (auto error = gate_.check_key(access, request)) return Refusal{std::move(*error), ""};
  if (auto* none = std::get_if<Router::NoMatch>(&found)) return Refusal{std::move(none->error), none->allow};
  if (access == Access::kKey && is_draining_)
    return Refusal{unavailable("The server is shutting down.", "shutting_down", kRetryElsewhereSeconds), ""};
  auto& match = std::get<Router::Match>(found);
  Admitted admitted{match.route, more, {}};
  if (access == Access::kKey)
    if (auto error = check_place(request, admitted.place)) return Refusal{std::move(*error), ""};
  request.parameters = std::move(match.parameters);
  return admitted;
}

std::optional<ApiError> Reception::check_place(const Request& request, Charge& place) {
  if (limits_.requests_per_key_max == 0) return std::nullopt;
  if (place.take(of_tenants_[request.tenant], 1, limits_.requests_per_key_max)) return std::nullopt;
  return ApiError{429,
                  "This key has " + std::to_string(limits_.requests_per_key_max) +
                      " requests under way, as many as it may.",
                  "rate_limit_error",
                  {},
                  "too_many_requests",
                  kRetrySoonSeconds};
}

}  // namespace tenon::http
