// Routes without a model behind them, for tests of the transport.
#pragma once
#include <apps/server/http/router.hpp>

#include <atomic>
#include <mutex>
#include <thread>

namespace tenon::http {

// What the handlers keep, so that a test can go on with it.
struct Held {
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> exchanges;
  std::atomic<int> closed = 0;

  void keep(std::shared_ptr<Exchange> exchange) {
    std::lock_guard lock(mutex);
    exchanges.push_back(std::move(exchange));
  }
  std::shared_ptr<Exchange> wait() {
    for (;; std::this_thread::yield()) {
      std::lock_guard lock(mutex);
      if (!exchanges.empty()) return exchanges.back();
    }
  }
  void release() {
    std::lock_guard lock(mutex);
    exchanges.clear();
  }
};

// GET /live (open, quick), POST /echo, POST /hold (kept until a test answers), POST /events (a stream that a
// test goes on with), GET /silent (never answered), GET /throws, GET /items/{name}, GET /files/{path...}
inline Router fake_routes(Held& held) {
  Router router;
  auto text = [](std::string body) { return Response{200, {{"content-type", "text/plain"}}, std::move(body)}; };
  router.add(
      {"GET", "/live", Access::kOpen, Where::kIo, [text](auto exchange) { exchange->send(text("alive")); }});
  router.add({"POST", "/echo", Access::kKey, Where::kWorker,
              [text](auto exchange) { exchange->send(text(exchange->request().body)); }});
  router.add({"POST", "/hold", Access::kKey, Where::kWorker, [&held](auto exchange) {
                exchange->on_closed([&held] { ++held.closed; });
                held.keep(exchange);
              }});
  router.add({"POST", "/events", Access::kKey, Where::kWorker, [&held](auto exchange) {
                exchange->start_events();
                exchange->write_event("{\"n\":0}");
                exchange->on_closed([&held] { ++held.closed; });
                held.keep(exchange);
              }});
  router.add({"GET", "/silent", Access::kKey, Where::kWorker, [](auto) {}});
  router.add({"GET", "/throws", Access::kKey, Where::kWorker,
              [](auto) { throw std::runtime_error("a secret in the text"); }});
  auto parameter = [text](const char* name) {
    return [text, name](auto exchange) { exchange->send(text(*exchange->request().parameters.find(name))); };
  };
  router.add({"GET", "/items/{name}", Access::kKey, Where::kWorker, parameter("name")});
  router.add({"GET", "/files/{path...}", Access::kKey, Where::kWorker, parameter("path")});
  return router;
}

}  // namespace tenon::http
