// The routes for those who run the server: /livez, /readyz, /health, /version and /metrics.
#pragma once
#include <apps/server/health.hpp>
#include <apps/server/http/router.hpp>
#include <apps/server/metrics.hpp>

namespace tenon {

// The probes are open to all and answer even if all workers are busy; the others need a key. All of these must
// outlive the server.
void add_operation_routes(http::Router& router, const Health& health, const Metrics& metrics);

}  // namespace tenon
