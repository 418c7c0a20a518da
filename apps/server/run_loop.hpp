// From ready to the end: waits for signals and for the engine's end.
#pragma once
#include <apps/server/health.hpp>
#include <apps/server/http/server.hpp>

#include <functional>

namespace tenon {

// Keeps SIGTERM, SIGINT and SIGHUP from every thread made after it, so that run_until_end can wait for them.
// SIGPIPE is ignored.
void hold_signals();

struct RunLoop {
  http::Server& server;
  Health& health;
  std::chrono::milliseconds drain_patience;
  std::function<void()> on_tick;  // about ten times a second
};

// SIGTERM, SIGINT or SIGHUP: no new work, what is under way may finish, then 0. A second one: 128 and its
// number, at once. If the engine stops: every client is told, then kExitFatal. Returns after the server's
// end.
int run_until_end(const RunLoop& loop);

}  // namespace tenon
