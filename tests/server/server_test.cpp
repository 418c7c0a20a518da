// Connections, requests and answers over real sockets, with handlers that a test controls.
#include "client.hpp"
#include "fake_routes.hpp"

#include <apps/server/http/server.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tenon::http {
namespace {

using namespace std::chrono_literals;

std::string post(const std::string& path, const std::string& body, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nhost: localhost\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n" + more + "\r\n" + body;
}
std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nhost: localhost\r\n" + more + "\r\n";
}
bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

class ServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.port = 0;
    options.on_end = [this](const Record& record) {
      std::lock_guard lock(mutex_);
      records_.push_back(record);
    };
    auto made = Server::make(std::move(options), fake_routes(held_));
    ASSERT_TRUE(made.ok()) << made.error().text;
    server_ = std::move(made).value();
    server_->start();
  }
  Record record() {
    for (;; std::this_thread::yield()) {
      std::lock_guard lock(mutex_);
      if (!records_.empty()) return records_.back();
    }
  }
  void wait_for_closed(int count) {
    while (held_.closed < count) std::this_thread::yield();
  }

  Held held_;
  std::mutex mutex_;
  std::vector<Record> records_;
  std::unique_ptr<Server> server_;  // first to go
};

TEST_F(ServerTest, AnswersRequestsOneAfterTheOtherOnOneConnection) {
  start();
  Client client(server_->port());
  for (int i = 0; i < 3; ++i) {
    std::string text = "text " + std::to_string(i);
    ASSERT_TRUE(client.send(post("/echo", text)));
    std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(contains(answer, "\r\nconnection: keep-alive\r\n")) << answer;
    EXPECT_EQ(body_of(answer), text);
  }
  EXPECT_EQ(server_->counts().accepted, 1u);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
  start();
  Client client(server_->port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += i % 3 == 0 ? get("/live") : post("/echo", std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(body_of(client.read_answer()), i % 3 == 0 ? "alive" : std::to_string(i));
}

TEST_F(ServerTest, PutsChunksTogether) {
  start();
  Client client(server_->port());
  client.send("POST /echo HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n");
  for (char c : std::string("3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n"))
    ASSERT_TRUE(client.send(std::string(1, c)));
  EXPECT_EQ(body_of(client.read_answer()), "abcdefgh");
  client.send(post("/echo", "next"));
  EXPECT_EQ(body_of(client.read_answer()), "next");
}

TEST_F(ServerTest, StreamsEventsAsTheyAreWritten) {
  start();
  Client client(server_->port());
  client.send(post("/events", ""));
  std::string head = client.read_until("\r\n\r\n");
  EXPECT_TRUE(contains(head, "content-type: text/event-stream\r\n")) << head;
  EXPECT_TRUE(contains(head, "cache-control: no-cache\r\n")) << head;
  EXPECT_EQ(client.read_until("\n\n\r\n"), "f\r\ndata: {\"n\":0}\n\n\r\n");
  auto exchange = held_.wait();
  EXPECT_TRUE(exchange->write_event("{\"n\":1}").is_open);
  EXPECT_EQ(client.read_until("\n\n\r\n"), "f\r\ndata: {\"n\":1}\n\n\r\n");
  exchange->end_events();
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
  EXPECT_FALSE(exchange->write_event("{}").is_open);
  client.send(post("/echo", "next"));
  EXPECT_EQ(body_of(client.read_answer()), "next");
}

TEST_F(ServerTest, TellsAnErrorAfterTheHeadAsTheLastEvent) {
  start();
  Client client(server_->port());
  client.send(post("/events", "", "x-request-id: mine-7\r\n"));
  held_.wait()->fail(unavailable("It broke.", "engine_stopped"));
  std::string all = client.read_all();
  EXPECT_TRUE(contains(all, "x-request-id: mine-7\r\n")) << all;
  EXPECT_TRUE(contains(all,
                       "data: {\"error\":{\"message\":\"It broke.\",\"type\":\"server_error\",\"param\":null,"
                       "\"code\":\"engine_stopped\"},\"request_id\":\"mine-7\"}\n\ndata: [DONE]\n\n"))
      << all;
  EXPECT_EQ(record().error_code, "engine_stopped");
  EXPECT_EQ(record().status, 200);
}

TEST_F(ServerTest, SendsACommentIntoASilentStream) {
  ServerOptions options;
  options.limits.ping = 20ms;
  start(std::move(options));
  Client client(server_->port());
  client.send(post("/events", ""));
  client.read_until("8\r\n: ping\n\n\r\n");
  EXPECT_EQ(client.read_until("8\r\n: ping\n\n\r\n"), "8\r\n: ping\n\n\r\n");
}

TEST_F(ServerTest, SaysSoWhenTheClientGoesAwayDuringAStream) {
  start();
  Client client(server_->port());
  client.send(post("/events", ""));
  client.read_until("\n\n");
  auto exchange = held_.wait();
  client.close();
  wait_for_closed(1);
  EXPECT_FALSE(exchange->is_open());
  EXPECT_FALSE(exchange->write_event("{}").is_open);
  EXPECT_EQ(record().ending, Ending::kClientGone);
}

TEST_F(ServerTest, SaysSoWhenTheClientResetsWhileItWaits) {
  start();
  Client client(server_->port());
  client.send(post("/hold", ""));
  held_.wait();
  client.reset();
  wait_for_closed(1);
  held_.release();
  EXPECT_EQ(record().ending, Ending::kClientGone);
}

TEST_F(ServerTest, GivesAWholeAnswerToAClientThatOnlyStoppedSending) {
  start();
  Client client(server_->port());
  client.send(post("/hold", ""));
  client.half_close();
  wait_for_closed(1);
  held_.wait()->send({200, {}, "late"});
  EXPECT_EQ(body_of(client.read_all()), "late");
  EXPECT_EQ(record().ending, Ending::kAnswered);
}

TEST_F(ServerTest, CallsBackAtOnceWhenTheClientHasGoneAlready) {
  start();
  Client client(server_->port());
  client.send(post("/hold", ""));
  auto exchange = held_.wait();
  client.close();
  wait_for_closed(1);
  bool is_called = false;
  exchange->on_closed([&] { is_called = true; });
  EXPECT_TRUE(is_called);
}

TEST_F(ServerTest, CutsOffAClientThatLeavesTooMuchUnread) {
  ServerOptions options;
  options.limits.queued_bytes_max = 1 << 20;
  start(std::move(options));
  Client client(server_->port(), 4096);
  client.send(post("/events", ""));
  auto exchange = held_.wait();
  std::string much(64 << 10, 'x');
  size_t queued = 0;
  for (WriteState state{true, 0}; state.is_open; state = exchange->write(much))
    queued = std::max(queued, state.queued_bytes);
  EXPECT_GT(queued, size_t{512} << 10);
  EXPECT_LE(queued, size_t{1} << 20);
  EXPECT_EQ(record().ending, Ending::kCutOff);
  EXPECT_EQ(held_.closed, 1);
}

TEST_F(ServerTest, CutsOffAClientThatTakesNothing) {
  ServerOptions options;
  options.limits.write_stall = 50ms;
  start(std::move(options));
  Client client(server_->port(), 4096);
  client.send(post("/events", ""));
  auto exchange = held_.wait();
  exchange->write(std::string(6 << 20, 'x'));
  wait_for_closed(1);
  EXPECT_EQ(record().ending, Ending::kCutOff);
}

TEST_F(ServerTest, AnswersWhatAHandlerLeavesUnanswered) {
  start();
  Client client(server_->port());
  client.send(get("/silent"));
  std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  client.send(get("/throws"));
  answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_FALSE(contains(answer, "secret")) << answer;
}

TEST_F(ServerTest, LeavesTheBodyOutOfAnAnswerToHead) {
  start();
  Client client(server_->port());
  client.send("HEAD /live HTTP/1.1\r\nhost: localhost\r\n\r\n" + get("/live"));
  EXPECT_TRUE(contains(client.read_until("\r\n\r\n"), "content-length: 5\r\n"));
  EXPECT_EQ(body_of(client.read_answer()), "alive");
}

TEST_F(ServerTest, SpeaksOldHttpWithoutChunks) {
  start();
  Client client(server_->port());
  client.send("POST /events HTTP/1.0\r\ncontent-length: 0\r\n\r\n");
  held_.wait()->end_events();
  std::string all = client.read_all();
  EXPECT_FALSE(contains(all, "chunked")) << all;
  EXPECT_EQ(body_of(all), "data: {\"n\":0}\n\ndata: [DONE]\n\n");
}

TEST_F(ServerTest, AcceptsNoMoreConnectionsThanAllowed) {
  ServerOptions options;
  options.limits.connections_max = 2;
  start(std::move(options));
  auto first = std::make_unique<Client>(server_->port());
  Client second(server_->port()), third(server_->port());
  for (Client* client : {first.get(), &second}) {
    client->send(get("/live"));
    EXPECT_EQ(body_of(client->read_answer()), "alive");
  }
  third.send(get("/live"));  // the system has taken the connection, the server has not
  EXPECT_EQ(server_->counts().connections, 2u);
  first.reset();
  EXPECT_EQ(body_of(third.read_answer()), "alive");
}

TEST_F(ServerTest, BoundsTheBodiesOfAllRequestsTogether) {
  ServerOptions options;
  options.limits.body_bytes_total_max = 1000;
  start(std::move(options));
  Client first(server_->port()), second(server_->port()), third(server_->port());
  first.send(post("/hold", std::string(600, 'x')));
  held_.wait();
  second.send(post("/echo", std::string(600, 'x')));
  EXPECT_TRUE(contains(second.read_answer(), "HTTP/1.1 503 "));
  held_.wait()->send({});
  first.read_answer();
  third.send(post("/echo", std::string(600, 'x')));
  EXPECT_TRUE(contains(third.read_answer(), "HTTP/1.1 200 "));
}

TEST_F(ServerTest, ListensAtAPathAndReplacesWhatADeadServerLeft) {
  std::string path = testing::TempDir() + "tenon-" + std::to_string(getpid()) + ".sock";
  for (int i = 0; i < 2; ++i) {
    ServerOptions options;
    options.unix_socket = path;
    auto server = Server::make(std::move(options), fake_routes(held_));
    ASSERT_TRUE(server.ok()) << server.error().text;
    EXPECT_EQ(server.value()->url(), "unix:" + path);
    ServerOptions same;
    same.unix_socket = path;
    EXPECT_FALSE(Server::make(std::move(same), fake_routes(held_)).ok());
  }  // never started, so the path stays
  EXPECT_TRUE(std::filesystem::is_socket(path));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace tenon::http
