// Who may come in: keys, the Host header and the origins of other people's pages.
#pragma once
#include <apps/server/http/api_error.hpp>
#include <apps/server/http/message.hpp>
#include <apps/server/http/router.hpp>

#include <tenon/sdk/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tenon::http {

// Only hashes are kept. Each key is a tenant; its number is its place in the list.
class KeyRing {
 public:
  // One key per line; empty lines and lines that begin with # do not count. Keys have 1 to 512 visible ASCII
  // characters. The file must not be readable by group or others.
  static Result<KeyRing> read(const std::string& path);
  // Fails with `who` and what is wrong: a character that no header can carry, a key given twice.
  Status add(std::string_view key, const std::string& who);

  bool is_empty() const { return hashes_.empty(); }
  // The number of this key. Takes the same time for every key of the same length.
  std::optional<uint32_t> find(std::string_view key) const;
  // A number that others cannot guess and that stays the same from run to run.
  uint64_t salt_of(uint32_t tenant) const;

 private:
  using Hash = std::array<unsigned char, 32>;  // SHA-256
  std::vector<Hash> hashes_;
};

struct GateOptions {
  KeyRing keys;
  // Values of Host that are answered, without their port; empty: all. What else comes gets 421: a page of
  // somebody else that has its name point here would otherwise be let in by the browser.
  std::vector<std::string> hosts;
  std::vector<std::string> cors_origins;  // "https://example.org", or "*"; empty: no CORS
};

// localhost, 127.0.0.1, [::1] and `more`.
std::vector<std::string> loopback_hosts(const std::vector<std::string>& more);

// Thread: any.
class Gate {
 public:
  explicit Gate(GateOptions options) : options_(std::move(options)) {}

  // 421 where Host is missing, given twice, or not one of ours.
  std::optional<ApiError> check_host(const Request& request) const;
  // Sets tenant and salt; 401 with code "invalid_api_key" if the route needs a key and this is none.
  std::optional<ApiError> check_key(Access access, Request& request) const;
  // What is added to every answer to that origin; empty if it is not allowed.
  Headers cors_headers(const Request& request) const;

 private:
  GateOptions options_;
};

}  // namespace tenon::http
