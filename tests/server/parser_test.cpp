// Bytes to requests, without a socket. What is refused is a table in raw_socket_test.py.
#include <apps/server/http/parser.hpp>

#include <gtest/gtest.h>

namespace tenon::http {
namespace {

// Feeds everything, stopping where a connection would look.
size_t feed_all(Parser& parser, std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && parser.stage() <= Parser::Stage::kBody)
    taken += parser.feed(bytes.substr(taken));
  return taken;
}

constexpr std::string_view kHead =
    "POST /v1/x%20y?q=1&r HTTP/1.1\r\nHost: localhost\r\nX-Twice: a\r\nx-twice:  b \r\n";

TEST(Parser, TellsEverythingOfAHead) {
  Limits limits;
  Parser parser(limits);
  EXPECT_FALSE(parser.has_begun());
  std::string bytes = std::string(kHead) + "Content-Length: 3\r\n\r\nabcGET";
  EXPECT_EQ(parser.feed(bytes), bytes.size() - 6);
  EXPECT_EQ(parser.stage(), Parser::Stage::kBody);
  EXPECT_EQ(parser.feed("abcGET"), 3u);
  ASSERT_EQ(parser.stage(), Parser::Stage::kDone);
  const Request& request = parser.request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/x y");
  EXPECT_EQ(request.query, "q=1&r");
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(*request.headers.find("x-twice"), "a");
  EXPECT_EQ(request.headers.size(), 4u);
  EXPECT_TRUE(parser.may_keep_alive());
}

TEST(Parser, ReadsTheSameHoweverTheBytesAreCut) {
  std::string bytes =
      std::string(kHead) + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nt: 1\r\n\r\n";
  for (size_t first = 1; first < bytes.size(); ++first) {
    Limits limits;
    Parser parser(limits);
    size_t taken = feed_all(parser, std::string_view(bytes).substr(0, first));
    ASSERT_EQ(taken, first);
    feed_all(parser, std::string_view(bytes).substr(first));
    ASSERT_EQ(parser.stage(), Parser::Stage::kDone) << first << " " << parser.error().message;
    ASSERT_EQ(parser.request().body, "abcdefg");
  }
}

TEST(Parser, TakesNothingThatFollowsARequest) {
  Limits limits;
  for (std::string one :
       {"GET / HTTP/1.1\r\nhost: a\r\n\r\n", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    Parser parser(limits);
    EXPECT_EQ(feed_all(parser, one + one), one.size());
    EXPECT_EQ(parser.stage(), Parser::Stage::kDone);
  }
}

TEST(Parser, KeepsNoMoreOfALineThanItsLimit) {
  Limits limits;
  limits.line_bytes_max = 20;
  for (size_t length : {19u, 20u, 21u, 1000u}) {
    Parser parser(limits);
    feed_all(parser, "GET / HTTP/1.1\r\nx: " + std::string(length - 3, 'y') + "\r\n");
    EXPECT_EQ(parser.stage(), length <= 20 ? Parser::Stage::kHead : Parser::Stage::kFailed) << length;
  }
}

TEST(Parser, CountsChunksAgainstTheLimitBeforeTheyCome) {
  Limits limits;
  limits.body_bytes_max = 10;
  Parser parser(limits);
  feed_all(parser, "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\n");
  ASSERT_EQ(parser.stage(), Parser::Stage::kFailed);
  EXPECT_EQ(parser.error().status, 413);
}

TEST(Parser, ClosesAfterOldRequestsAndWhereAsked) {
  Limits limits;
  for (auto [head, keeps] : {std::pair("GET / HTTP/1.0\r\n\r\n", false),
                             std::pair("GET / HTTP/1.1\r\nhost: a\r\nconnection: x, Close\r\n\r\n", false),
                             std::pair("GET / HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\n\r\n", true)}) {
    Parser parser(limits);
    feed_all(parser, head);
    ASSERT_EQ(parser.stage(), Parser::Stage::kDone);
    EXPECT_EQ(parser.may_keep_alive(), keeps) << head;
  }
}

}  // namespace
}  // namespace tenon::http
