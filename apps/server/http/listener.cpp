#include <apps/server/http/listener.hpp>

#include <tenon/base/text.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace tenon::http {
namespace {

constexpr int kQueueLength = 1024;  // of connections that the system has accepted and the server has not

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

std::optional<Address> parse_address(const std::string& host, uint16_t port) {
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  std::string text = host == "localhost" ? "127.0.0.1" : host;
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET, v4.sin_port = htons(port), address.bytes = sizeof v4;
    return address;
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6, v6.sin6_port = htons(port), address.bytes = sizeof v6;
  return address;
}

uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &bytes);
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(storage).sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in&>(storage).sin_port);
}

Error socket_error(const std::string& name, int number) {
  return {TENON_IO, "server: cannot listen at " + name + ": " + std::strerror(number)};
}

// Nobody answers there, and it is a socket.
bool is_left_behind(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bool is_refused =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return is_refused;
}

}  // namespace

Result<Listener> Listener::tcp(const std::string& host, uint16_t port) {
  auto address = parse_address(host, port);
  if (!address) return invalid("--host: is " + printable(host) + ", expected an IP address or localhost");
  int family = address->storage.ss_family;
  Listener listener(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), family);
  int on = 1;
  ::setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  TENON_TRY(listener.listen_at(&address->storage, address->bytes, host + ":" + std::to_string(port)));
  listener.port_ = port_of(listener.fd_);
  bool needs_brackets = family == AF_INET6 && !host.starts_with('[');
  listener.url_ = "http://" + (needs_brackets ? "[" + host + "]" : host) + ":" + std::to_string(listener.port_);
  return listener;
}

Result<Listener> Listener::unix_socket(const std::string& path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return invalid("--unix-socket: " + printable(path) + " must have 1 to " +
                   std::to_string(sizeof address.sun_path - 1) + " bytes");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (is_left_behind(address)) ::unlink(path.c_str());
  Listener listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), AF_UNIX);
  ::mode_t before = ::umask(0177);
  Status status = listener.listen_at(&address, sizeof address, path);
  ::umask(before);
  TENON_TRY(std::move(status));
  listener.url_ = "unix:" + path;
  return listener;
}

Status Listener::listen_at(const void* address, uint32_t bytes, const std::string& name) {
  bool is_bound = fd_ >= 0 && ::bind(fd_, static_cast<const sockaddr*>(address), bytes) == 0;
  if (!is_bound || ::listen(fd_, kQueueLength) != 0) return socket_error(name, errno);
  return ok();
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      family_(other.family_),
      port_(other.port_),
      url_(std::move(other.url_)) {}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

int Listener::release() { return std::exchange(fd_, -1); }

bool is_loopback(const std::string& host) {
  auto address = parse_address(host, 0);
  if (!address) return false;
  if (address->storage.ss_family == AF_INET)
    return ntohl(reinterpret_cast<sockaddr_in&>(address->storage).sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6&>(address->storage).sin6_addr);
}

}  // namespace tenon::http
