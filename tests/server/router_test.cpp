// Which route a request comes to.
#include "fake_routes.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tenon::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  // "PATTERN name=value", or the status and what Allow says.
  std::string find(std::string_view method, std::string_view path) const {
    auto found = router_.find(method, path);
    if (auto* none = std::get_if<Router::NoMatch>(&found))
      return std::to_string(none->error.status) + " " + none->allow;
    auto& match = std::get<Router::Match>(found);
    std::string text = match.route->pattern;
    for (const auto& [name, value] : match.parameters) text += " " + name + "=" + value;
    return text;
  }

  void add(const std::string& method, const std::string& pattern) {
    router_.add({method, pattern, Access::kKey, Where::kWorker, [](auto) {}});
  }

  Router router_;
};

TEST_F(RouterTest, TakesSegmentsAndRests) {
  add("GET", "/models/{model...}");
  add("GET", "/items/{item}/parts/{part}");
  EXPECT_EQ(find("GET", "/models/a"), "/models/{model...} model=a");
  EXPECT_EQ(find("GET", "/models/Qwen/Qwen3-Next"), "/models/{model...} model=Qwen/Qwen3-Next");
  EXPECT_EQ(find("GET", "/items/1/parts/2"), "/items/{item}/parts/{part} item=1 part=2");
  for (const char* path : {"/models", "/models/", "/items//parts/2", "/items/1/parts", "/items/1/parts/2/", ""})
    EXPECT_EQ(find("GET", path), "404 ") << path;
}

TEST_F(RouterTest, PrefersPlainPatterns) {
  add("GET", "/{file...}");
  add("GET", "/health");
  add("GET", "/");
  EXPECT_EQ(find("GET", "/health"), "/health");
  EXPECT_EQ(find("GET", "/"), "/");
  EXPECT_EQ(find("GET", "/app.js"), "/{file...} file=app.js");
}

TEST_F(RouterTest, SaysWhichMethodsThereAre) {
  add("POST", "/a"), add("GET", "/a"), add("DELETE", "/b");
  EXPECT_EQ(find("PUT", "/a"), "405 GET, HEAD, POST");
  EXPECT_EQ(find("GET", "/b"), "405 DELETE");
  EXPECT_EQ(find("HEAD", "/a"), "/a");
}

TEST(ApiError, WritesAllFourKeysAndNullForWhatIsNotThere) {
  EXPECT_EQ(to_json(bad_request("No \"x\"."), ""),
            R"({"error":{"message":"No \"x\".","type":"invalid_request_error","param":null,"code":null}})");
  EXPECT_EQ(to_json(bad_request("Bad \xff", "messages[0].role", "invalid_value"), "req-1"),
            "{\"error\":{\"message\":\"Bad \xef\xbf\xbd\",\"type\":\"invalid_request_error\",\"param\":"
            "\"messages[0].role\",\"code\":\"invalid_value\"},\"request_id\":\"req-1\"}");
}

}  // namespace
}  // namespace tenon::http
