#include <apps/server/http/router.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/text.hpp>

#include <algorithm>
#include <array>

namespace tenon::http {
namespace {

constexpr std::array kMethods = {"GET", "POST", "PUT", "DELETE"};

// The first segment of a path, which is then taken off it. REQUIRES: path begins with '/'
std::string_view take_segment(std::string_view& path) {
  size_t end = std::min(path.find('/', 1), path.size());
  std::string_view segment = path.substr(1, end - 1);
  path.remove_prefix(end);
  return segment;
}

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

std::optional<Headers> match(std::string_view pattern, std::string_view path) {
  Headers parameters;
  while (!pattern.empty() && !path.empty()) {
    std::string_view wanted = take_segment(pattern);
    if (wanted.ends_with("...}")) {
      if (path.size() < 2) return std::nullopt;
      parameters.add(std::string(wanted.substr(1, wanted.size() - 5)), std::string(path.substr(1)));
      return parameters;
    }
    std::string_view given = take_segment(path);
    if (is_parameter(wanted) && !given.empty())
      parameters.add(std::string(wanted.substr(1, wanted.size() - 2)), std::string(given));
    else if (wanted != given)
      return std::nullopt;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

void Router::add(Route route) {
  TENON_CHECK(std::find(kMethods.begin(), kMethods.end(), route.method) != kMethods.end());
  TENON_CHECK(route.pattern.starts_with('/'));
  for (const Route& other : routes_)
    TENON_CHECK(other.method != route.method || other.pattern != route.pattern);
  bool is_plain = route.pattern.find('{') == std::string::npos;
  routes_.insert(is_plain ? routes_.begin() : routes_.end(), std::move(route));
}

std::variant<Router::Match, Router::NoMatch> Router::find(std::string_view method,
                                                          std::string_view path) const {
  std::vector<std::string> allowed;
  for (const Route& route : routes_) {
    auto parameters = match(route.pattern, path);
    if (!parameters) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD"))
      return Match{&route, std::move(*parameters)};
    allowed.push_back(route.method);
    if (route.method == "GET") allowed.push_back("HEAD");
  }
  std::string where = printable(method) + " " + printable(path);
  if (allowed.empty()) return NoMatch{not_found("Unknown request URL: " + where, "unknown_url"), ""};
  std::sort(allowed.begin(), allowed.end());
  allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
  std::string list;
  for (const std::string& name : allowed) list += (list.empty() ? "" : ", ") + name;
  ApiError error{405, where + ": this URL takes " + list, "invalid_request_error", {}, "method_not_allowed"};
  return NoMatch{std::move(error), std::move(list)};
}

}  // namespace tenon::http
