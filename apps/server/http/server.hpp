// The transport: connections in, exchanges to handlers, answers out. It knows HTTP and nothing of models.
#pragma once
#include <apps/server/http/gate.hpp>
#include <apps/server/http/limits.hpp>
#include <apps/server/http/record.hpp>
#include <apps/server/http/router.hpp>

#include <tenon/sdk/result.hpp>

namespace tenon::http {

struct ServerOptions {
  std::string host = "127.0.0.1";  // a numeric address, or localhost
  uint16_t port = 8000;            // 0: one that is free
  std::string unix_socket;         // a path: listen there instead. One left behind by a dead server is replaced
  uint32_t io_threads = 1, worker_threads = 2;
  Limits limits;
  GateOptions gate;
  // Called once per request, when its answer has left or was given up. Any thread; must be quick.
  std::function<void(const Record&)> on_end;
};

// Thread: any.
class Server {
 public:
  // Listens, but answers nobody before start(). Fails with TENON_INVALID for a wrong address or path, with
  // TENON_IO if it cannot be had.
  static Result<std::unique_ptr<Server>> make(ServerOptions options, Router router);
  ~Server();  // abort()

  // "http://127.0.0.1:8000", "unix:/run/tenon.sock"
  std::string url() const;
  uint16_t port() const;  // 0 for a Unix socket

  void start();

  // Takes no more work: requests of keyed routes get 503, and connections are closed once they are idle. It
  // listens until the end, so that probes are told. After `patience` what is still under way fails with `last`.
  void drain(std::chrono::milliseconds patience, ApiError last);
  // Everything under way fails with `error` (parseable, status 503 where nothing was sent yet), then as drain.
  void fail(ApiError error);
  // Cuts every connection.
  void abort();
  // Returns after drain, fail or abort, when all connections are closed and all threads have ended.
  void wait();

  struct Counts {
    uint64_t connections = 0, exchanges = 0;  // now
    uint64_t accepted = 0, refused = 0;       // since the start; refused: by limits, before a handler saw them
  };
  Counts counts() const;

 private:
  class Core;
  explicit Server(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace tenon::http
