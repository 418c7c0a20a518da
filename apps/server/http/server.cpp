#include <apps/server/http/server.hpp>

#include <apps/server/http/connection.hpp>
#include <apps/server/http/listener.hpp>

#include <tenon/base/log.hpp>

#include <sys/resource.h>
#include <unistd.h>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <condition_variable>
#include <thread>

namespace tenon::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol, Strand>;

// After the system had no descriptor, or no memory, for a connection.
constexpr auto kAcceptPause = 100ms;
// Of files that are not connections.
constexpr rlim_t kOtherDescriptors = 64;

// Systems often allow 1,024 descriptors unless a program asks for more.
void make_room_for(uint32_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  rlim_t wanted = connections + kOtherDescriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    log().warn("server: the system allows {} descriptors, fewer than {} connections need", limit.rlim_cur,
               connections);
}

}  // namespace

// Thread: any, but what ends in _on_strand: that of the acceptor.
class Server::Core {
 public:
  Core(ServerOptions options, Listener listener)
      : listener_(std::move(listener)),
        url_(listener_.url()),
        port_(listener_.port()),
        unix_socket_(options.unix_socket),
        io_threads_(std::max(1u, options.io_threads)),
        reception_(options.limits, std::move(options.gate), std::move(options.on_end)),
        workers_(std::max(1u, options.worker_threads)),
        strand_(io_->get_executor()),
        acceptor_(strand_),
        timer_(strand_) {
    reception_.on_worker = [this](std::function<void()> job) { boost::asio::post(workers_, std::move(job)); };
    reception_.on_quiet = [this] { on_quiet(); };
  }
  ~Core() {
    abort();
    if (threads_.empty()) return;
    wait();
  }

  const std::string& url() const { return url_; }
  uint16_t port() const { return port_; }
  Counts counts() const {
    return {reception_.connections, reception_.exchanges(), reception_.accepted, reception_.refused};
  }

  Status start(Router router) {
    make_room_for(reception_.limits().connections_max);
    TENON_TRY(listener_.listen());
    reception_.set_router(std::move(router));
    boost::asio::generic::stream_protocol protocol(listener_.family(), 0);
    acceptor_.assign(protocol, listener_.release());
    boost::asio::post(strand_, [this] { accept_on_strand(); });
    for (uint32_t i = 0; i < io_threads_; ++i) threads_.emplace_back([this] { io_->run(); });
    return ok();
  }
  void drain(std::chrono::milliseconds patience, ApiError last) {
    reception_.drain();
    boost::asio::post(strand_, [this, patience, last = std::move(last)] {
      for_all_on_strand([](Connection& connection) { connection.post_quit(); });
      timer_.expires_after(patience);
      timer_.async_wait([this, last](error_code error) {
        if (!error) fail(last);
      });
      end_if_quiet_on_strand();
    });
  }
  void fail(ApiError error) {
    reception_.drain();
    boost::asio::post(strand_, [this, error = std::move(error)] {
      for_all_on_strand([&](Connection& connection) { connection.post_shut_down(error); });
      end_if_quiet_on_strand();
    });
  }
  void abort() {
    reception_.drain();
    boost::asio::post(strand_, [this] { end_on_strand(); });
  }
  bool is_over() const {
    std::lock_guard lock(mutex_);
    return is_over_;
  }
  void wait() {
    std::unique_lock lock(mutex_);
    has_ended_.wait(lock, [&] { return is_over_; });
    lock.unlock();
    guard_.reset();
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
    workers_.join();
  }

 private:
  void accept_on_strand() {
    if (is_ending_ || is_accepting_ || reception_.connections >= reception_.limits().connections_max) return;
    is_accepting_ = true;
    acceptor_.async_accept(boost::asio::make_strand(*io_), [this](error_code error, Socket socket) {
      boost::asio::post(strand_, [this, error, held = std::make_shared<Socket>(std::move(socket))] {
        on_accept_on_strand(error, std::move(*held));
      });
    });
  }
  void on_accept_on_strand(error_code error, Socket socket) {
    is_accepting_ = false;
    if (is_ending_) return;
    if (error) {
      log().warn("server: cannot accept a connection: {}", error.message());
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([this](error_code) { accept_on_strand(); });
      return;
    }
    error_code ignored;  // a Unix socket has no such option
    socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Connection>(io_, std::move(socket), reception_);
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    connections_.push_back(connection);
    boost::asio::post(connection->executor(), [connection] { connection->start(); });
    accept_on_strand();
  }
  template <class Visit>
  void for_all_on_strand(Visit&& visit) {
    for (const auto& weak : connections_)
      if (auto connection = weak.lock()) visit(*connection);
  }

  // Called when an exchange or a connection has ended, on its thread.
  void on_quiet() {
    bool is_full = reception_.connections + 1 >= reception_.limits().connections_max;
    if (!reception_.is_draining() && !is_full) return;
    boost::asio::post(strand_, [this] {
      accept_on_strand();
      if (reception_.is_draining()) end_if_quiet_on_strand();
    });
  }
  void end_if_quiet_on_strand() {
    if (reception_.exchanges() > 0) return;
    stop_listening_on_strand();
    for_all_on_strand([](Connection& connection) { connection.post_quit(); });
    if (reception_.connections == 0) over_on_strand();
  }
  void end_on_strand() {
    stop_listening_on_strand();
    for_all_on_strand([](Connection& connection) { connection.post_abort(); });
    if (reception_.connections == 0) over_on_strand();
  }
  void stop_listening_on_strand() {
    if (std::exchange(is_ending_, true)) return;
    error_code ignored;
    acceptor_.close(ignored);
    if (!unix_socket_.empty()) ::unlink(unix_socket_.c_str());
  }
  void over_on_strand() {
    timer_.cancel();
    pause_.cancel();
    std::lock_guard lock(mutex_);
    is_over_ = true;
    has_ended_.notify_all();
  }

  Listener listener_;
  const std::string url_;
  const uint16_t port_;
  const std::string unix_socket_;
  const uint32_t io_threads_;
  Reception reception_;
  boost::asio::thread_pool workers_;
  std::shared_ptr<IoContext> io_ = std::make_shared<IoContext>();
  boost::asio::executor_work_guard<IoContext::executor_type> guard_{io_->get_executor()};
  Strand strand_;
  Acceptor acceptor_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Strand> timer_;
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Strand> pause_{strand_};
  std::vector<std::weak_ptr<Connection>> connections_;
  std::vector<std::thread> threads_;
  bool is_accepting_ = false, is_ending_ = false;
  mutable std::mutex mutex_;
  std::condition_variable has_ended_;
  bool is_over_ = false;
};

Result<std::unique_ptr<Server>> Server::make(ServerOptions options) {
  auto listener = options.unix_socket.empty() ? Listener::tcp(options.host, options.port)
                                              : Listener::unix_socket(options.unix_socket);
  TENON_TRY(Listener open, std::move(listener));
  auto core = std::make_unique<Core>(std::move(options), std::move(open));
  return std::unique_ptr<Server>(new Server(std::move(core)));
}

Server::Server(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Server::~Server() = default;

std::string Server::url() const { return core_->url(); }
uint16_t Server::port() const { return core_->port(); }
Status Server::start(Router router) { return core_->start(std::move(router)); }
void Server::drain(std::chrono::milliseconds patience, ApiError last) {
  core_->drain(patience, std::move(last));
}
void Server::fail(ApiError error) { core_->fail(std::move(error)); }
void Server::abort() { core_->abort(); }
void Server::wait() { core_->wait(); }
bool Server::is_over() const { return core_->is_over(); }
Server::Counts Server::counts() const { return core_->counts(); }

}  // namespace tenon::http
