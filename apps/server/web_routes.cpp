#include <apps/server/web_routes.hpp>

#include <apps/server/web_files.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>

namespace tenon {
namespace {

using http::Access;
using http::Exchange;
using http::Where;

constexpr char kContentPolicy[] =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

// "*", or a list that has the tag, weak or not: it has no character that could stand for something else there.
bool has_it_already(const http::Request& request, std::string_view tag) {
  const std::string* tags = request.headers.find("if-none-match");
  return tags && (*tags == "*" || tags->find(tag) != std::string::npos);
}

void send_file(Exchange& exchange, std::string_view name) {
  std::span<const WebFile> files = web_files();
  auto file = std::find_if(files.begin(), files.end(), [&](const WebFile& each) { return each.name == name; });
  if (file == files.end())
    return exchange.fail(
        http::not_found("Unknown request URL: GET " + printable(exchange.request().path), "unknown_url"));
  http::Response response{200,
                          {{"etag", std::string(file->tag)},
                           {"cache-control", "no-cache"},
                           {"content-security-policy", kContentPolicy},
                           {"x-content-type-options", "nosniff"},
                           {"x-frame-options", "DENY"},
                           {"referrer-policy", "no-referrer"},
                           {"cross-origin-resource-policy", "same-origin"}},
                          ""};
  if (has_it_already(exchange.request(), file->tag)) {
    response.status = 304;
  } else {
    response.headers.add("content-type", type_of(file->name));
    response.body = file->bytes;
  }
  exchange.send(std::move(response));
}

}  // namespace

void add_web_routes(http::Router& router) {
  router.add({"GET", "/", Access::kOpen, Where::kIo,
              [](std::shared_ptr<Exchange> exchange) { send_file(*exchange, "index.html"); }});
  router.add({"GET", "/web/{file}", Access::kOpen, Where::kIo, [](std::shared_ptr<Exchange> exchange) {
                send_file(*exchange, *exchange->request().parameters.find("file"));
              }});
}

}  // namespace tenon
