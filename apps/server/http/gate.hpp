// Who may come in: keys, the Host header and the origins of other people's pages.
#pragma once
#include <apps/server/http/api_error.hpp>
#include <apps/server/http/key_ring.hpp>
#include <apps/server/http/message.hpp>
#include <apps/server/http/router.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tenon::http {

struct GateOptions {
  KeyRing keys;
  // Values of Host that are answered, without their port; empty: all. What else comes gets 421: a page of
  // somebody else that has its name point here would otherwise be let in by the browser.
  std::vector<std::string> hosts;
  std::vector<std::string> cors_origins;  // "https://example.org", or "*"; empty: no CORS
};

// localhost, 127.0.0.1, [::1] and `more`.
std::vector<std::string> loopback_hosts(const std::vector<std::string>& more);

// Thread: any.
class Gate {
 public:
  explicit Gate(GateOptions options) : options_(std::move(options)) {}

  // 421 where Host is not one of ours, or missing in a request of HTTP/1.0.
  std::optional<ApiError> check_host(const Request& request) const;
  // Sets tenant and salt; 401 with code "invalid_api_key" if the route needs a key and this is none.
  std::optional<ApiError> check_key(Access access, Request& request) const;
  // 204 for a browser that asks what it may send from another origin. cors_headers() are added to it.
  Response preflight_answer() const;
  size_t tenants() const { return options_.keys.size(); }
  // What is added to every answer to that origin; empty if it is not allowed.
  Headers cors_headers(const Request& request) const;

 private:
  GateOptions options_;
};

}  // namespace tenon::http
