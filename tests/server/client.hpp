// A client that sends the bytes it is told and reads what comes, for tests of the transport.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace tenon::http {

class Client {
 public:
  explicit Client(uint16_t port, int receive_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool is_connected() const { return is_connected_; }
  bool send(std::string_view bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  // No more is sent, but answers are read.
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // So that the other side sees a reset.
  void reset() {
    linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  // Everything until the server closes.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(read_, {});
  }
  // Up to and with the mark; all there was if the server closes first.
  std::string read_until(std::string_view mark) {
    size_t at;
    while ((at = read_.find(mark)) == read_.npos)
      if (!read_some()) return std::exchange(read_, {});
    std::string result = read_.substr(0, at + mark.size());
    read_.erase(0, result.size());
    return result;
  }
  // One answer with content-length, head and body.
  std::string read_answer() {
    std::string head = read_until("\r\n\r\n");
    size_t at = head.find("content-length: ");
    if (at == head.npos) return head;
    size_t length = std::stoul(head.substr(at + 16));
    while (read_.size() < length && read_some()) {
    }
    std::string body = read_.substr(0, length);
    read_.erase(0, length);
    return head + body;
  }

 private:
  bool read_some() {
    char buffer[65536];
    ssize_t bytes = ::recv(fd_, buffer, sizeof buffer, 0);
    if (bytes > 0) read_.append(buffer, static_cast<size_t>(bytes));
    return bytes > 0;
  }

  int fd_;
  bool is_connected_ = false;
  std::string read_;
};

}  // namespace tenon::http
