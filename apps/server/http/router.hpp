// The table of all routes: what is not in it does not exist.
#pragma once
#include <apps/server/http/exchange.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tenon::http {

enum class Access {
  kOpen,  // for anybody: probes and the page's own files, which tell nothing about anybody's requests
  kKey,   // for those who have a key, if there are keys. Refused while the server drains
};

enum class Where {
  kWorker,  // a thread that may be held up: reading JSON, rendering templates, making tokens. Not waiting for
            // the engine
  kIo,      // the thread that serves connections: answers even if all workers are busy, and must be quick
};

using Handler = std::function<void(std::shared_ptr<Exchange> exchange)>;

struct Route {
  std::string method;   // "GET", "POST"
  std::string pattern;  // "/v1/models", "/v1/models/{model...}": {name} is one segment, {name...} one or more
                        // at the end
  Access access = Access::kKey;
  Where where = Where::kWorker;
  Handler handler;
};

// Filled before the server starts, and constant from then on. Thread: any for find.
class Router {
 public:
  // REQUIRES: no route of the same method and pattern yet; no other method than GET, POST, PUT and DELETE
  void add(Route route);
  const std::vector<Route>& routes() const { return routes_; }

  struct Match {
    const Route* route;
    Headers parameters;
  };
  // 404 with code "unknown_url" if no pattern fits, 405 with `allow` if only the method does not. A pattern
  // without braces goes before one with them.
  struct NoMatch {
    ApiError error;
    std::string allow;  // header Allow: "GET, HEAD, POST"; "" for a 404
  };
  std::variant<Match, NoMatch> find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace tenon::http
