#include <apps/server/operation_routes.hpp>

#include <apps/common/version.hpp>

namespace tenon {
namespace {

using http::Access;
using http::Exchange;
using http::Where;

http::Handler status_of(const Health& health) {
  return [&health](std::shared_ptr<Exchange> exchange) {
    Readiness readiness = health.readiness();
    http::Response response = http::json_response(std::string("{\"status\":\"") + name_of(readiness) + "\"}");
    if (readiness != Readiness::kReady) response.status = 503;
    exchange->send(std::move(response));
  };
}

}  // namespace

void add_operation_routes(http::Router& router, const Health& health, const Metrics& metrics) {
  router.add({"GET", "/livez", Access::kOpen, Where::kIo, [](std::shared_ptr<Exchange> exchange) {
                exchange->send(http::json_response("{\"status\":\"alive\"}"));
              }});
  router.add({"GET", "/readyz", Access::kOpen, Where::kIo, status_of(health)});
  router.add({"GET", "/health", Access::kOpen, Where::kIo, status_of(health)});
  router.add({"GET", "/version", Access::kKey, Where::kIo, [](std::shared_ptr<Exchange> exchange) {
                exchange->send(http::json_response(std::string("{\"version\":\"") + kVersion + "\"}"));
              }});
  router.add(
      {"GET", "/metrics", Access::kKey, Where::kWorker, [&metrics](std::shared_ptr<Exchange> exchange) {
         exchange->send({200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics.text()});
       }});
}

}  // namespace tenon
