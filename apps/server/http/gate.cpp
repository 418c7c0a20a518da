#include <apps/server/http/gate.hpp>

#include <apps/server/http/text.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>

namespace tenon::http {
namespace {

ApiError wrong_key(std::string message) {
  return {401, std::move(message), "authentication_error", {}, "invalid_api_key"};
}

// "[::1]:8000" as "[::1]", "localhost:8000" as "localhost"
std::string without_port(std::string_view host) {
  size_t from = host.starts_with('[') ? host.find(']') : 0;
  if (from == host.npos) return std::string(host);
  return lower(host.substr(0, host.find(':', from)));
}

}  // namespace

std::vector<std::string> loopback_hosts(const std::vector<std::string>& more) {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]"};
  for (const std::string& host : more) hosts.push_back(lower(host));
  return hosts;
}

std::optional<ApiError> Gate::check_host(const Request& request) const {
  if (options_.hosts.empty()) return std::nullopt;
  const std::string* given = request.headers.find("host");
  std::string host = given ? without_port(*given) : "";
  if (std::find(options_.hosts.begin(), options_.hosts.end(), host) != options_.hosts.end())
    return std::nullopt;
  return ApiError{421,
                  "Host is " + printable(host, 80) + ", which this server does not answer for",
                  "invalid_request_error",
                  {},
                  "unknown_host"};
}

std::optional<ApiError> Gate::check_key(Access access, Request& request) const {
  if (options_.keys.is_empty() || access == Access::kOpen) return std::nullopt;
  const std::string* header = request.headers.find("authorization");
  if (!header) return wrong_key("An API key is needed: Authorization: Bearer KEY");
  bool is_bearer = header->size() > 7 && lower(header->substr(0, 7)) == "bearer ";
  auto tenant = is_bearer ? options_.keys.find(std::string_view(*header).substr(7)) : std::nullopt;
  if (!tenant) return wrong_key("Incorrect API key provided.");
  request.tenant = *tenant;
  request.salt = options_.keys.salt_of(*tenant);
  return std::nullopt;
}

Headers Gate::cors_headers(const Request& request) const {
  const std::string* origin = request.headers.find("origin");
  if (!origin || options_.cors_origins.empty()) return {};
  for (const std::string& allowed : options_.cors_origins)
    if (allowed == "*" || allowed == *origin)
      return {{"access-control-allow-origin", allowed},
              {"access-control-expose-headers", "x-request-id"},
              {"vary", "origin"}};
  return {};
}

Response Gate::preflight_answer() const {
  Response response{204, {}, ""};
  response.headers.add("access-control-allow-methods", "GET, POST, PUT, DELETE");
  response.headers.add("access-control-allow-headers", "authorization, content-type, x-request-id");
  response.headers.add("access-control-max-age", "600");
  return response;
}

}  // namespace tenon::http
