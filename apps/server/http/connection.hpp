// One connection: reads requests one after the other, hands them on, writes the answers. Idle, it holds a
// socket, two timers and an empty parser, and no buffer.
#pragma once
#include <apps/server/http/lazy_timer.hpp>
#include <apps/server/http/outbox.hpp>
#include <apps/server/http/parser.hpp>
#include <apps/server/http/reception.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

namespace tenon::http {

using IoContext = boost::asio::io_context;
using Strand = boost::asio::strand<IoContext::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Strand>;

// Thread: that of its strand, for everything but post_*.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // io: what the strand belongs to; exchanges may outlive the server, and wake a connection that is about to
  // go.
  Connection(std::shared_ptr<IoContext> io, Socket socket, Reception& reception);
  ~Connection();

  Strand executor() { return socket_.get_executor(); }
  void start();
  // Any thread. quit: closes it if no request is under way, or after that one's answer.
  void post_quit();
  void post_shut_down(ApiError error);
  void post_abort();

 private:
  enum class State { kReading, kAnswering, kLingering, kClosed };

  void wait_readable();
  void on_readable();
  void on_bytes(std::string_view bytes);
  void on_end_of_input();
  void consume(std::string_view bytes);
  void set_read_deadline();
  bool is_too_slow() const;
  bool on_head();
  void on_request();
  void on_deadline();

  std::shared_ptr<Outbox> make_outbox(bool keeps_alive);
  void refuse(const ApiError& error, const std::string& allow = "");
  void flush();
  void write_some();
  void on_written(size_t bytes);
  void on_answered();
  void next_request();
  void end_exchange(Ending ending);
  void linger();
  void close(Ending ending);

  std::shared_ptr<IoContext> io_;
  Socket socket_;
  Reception& reception_;
  std::unique_ptr<Parser> parser_;  // NULL between two requests
  Reception::Admitted admitted_;    // of parser_'s request, once its head is there
  Charge charge_;                   // for bytes of its body
  Charge exchange_;                 // the one under way
  bool is_head_timed_ = false;
  Clock::time_point body_begun_{};
  std::string backlog_;  // what came after the request that is being answered
  std::shared_ptr<Outbox> outbox_;
  std::string writing_;
  size_t written_ = 0;
  State state_ = State::kReading;
  Ending ending_ = Ending::kAnswered;  // of the exchange, unless something worse happens
  bool is_waiting_ = false, is_writing_ = false, is_last_ = false, is_quitting_ = false,
       has_input_ended_ = false;
  LazyTimer deadline_, silence_;
};

}  // namespace tenon::http
