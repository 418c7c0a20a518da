// Sockets that wait for connections.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <string>

namespace tenon::http {

// A listening socket, closed with this object unless it was released.
class Listener {
 public:
  // host: an IPv4 or IPv6 address, or localhost (127.0.0.1). port 0: one that is free.
  static Result<Listener> tcp(const std::string& host, uint16_t port);
  // At a path, for this user alone. What a dead server left there is replaced; anything else is an error.
  static Result<Listener> unix_socket(const std::string& path);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  uint16_t port() const { return port_; }          // 0 for a path
  const std::string& url() const { return url_; }  // "http://127.0.0.1:8000", "unix:/run/tenon.sock"
  int family() const { return family_; }
  int release();

 private:
  Listener(int fd, int family) : fd_(fd), family_(family) {}
  Status listen_at(const void* address, uint32_t bytes, const std::string& name);

  int fd_, family_;
  uint16_t port_ = 0;
  std::string url_;
};

// Whether nobody outside this machine can reach the address.
bool is_loopback(const std::string& host);

}  // namespace tenon::http
