// A request and a response of HTTP as handlers see them: complete, checked, and without the connection.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::http {

// Names in lower case, in the order of their arrival.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  // The first field of that name; nullptr if there is none. REQUIRES: the name is in lower case
  const std::string* find(std::string_view name) const {
    for (const auto& [key, value] : fields_)
      if (key == name) return &value;
    return nullptr;
  }
  // REQUIRES: the name is in lower case; no line break in either
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string id;  // as in x-request-id: what the client sent, if that is 1 to 128 of [A-Za-z0-9._-], or ours
  std::string method;  // "GET"; a HEAD arrives as GET, and the answer loses its body
  std::string path;    // decoded: valid UTF-8, no NUL
  std::string query;   // what follows the '?', as it was sent
  Headers headers;
  std::string body;    // chunks put together
  Headers parameters;  // what the route's pattern has in braces: {"model", "tenon-demo"}
  // Whose key it came with: its number in the order of the key file, from 0. 0 where no keys are used.
  uint32_t tenant = 0;
  // For tenon::Request.salt, so that tenants share nothing in the prefix cache. 0 where no keys are used.
  uint64_t salt = 0;
};

// The server adds content-length, connection, date and x-request-id.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// A 200 with content-type application/json.
Response json_response(std::string body);

}  // namespace tenon::http
