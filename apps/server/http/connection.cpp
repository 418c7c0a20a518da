#include <apps/server/http/connection.hpp>

#include <apps/server/http/text.hpp>

#include <tenon/base/log.hpp>

#include <boost/asio/post.hpp>

namespace tenon::http {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 << 10;
// Of requests that a client sends before it has the answer to the first.
constexpr size_t kBacklogBytesMax = 64 << 10;
// How long what still comes is read after the last answer: closing at once would destroy the answer.
constexpr auto kLinger = 2s;
// How long a client has for its last answer when the server ends.
constexpr auto kShutDownPatience = 2s;

ApiError too_slow(const std::string& what) {
  return {408, "request: " + what, "invalid_request_error", {}, "request_timeout"};
}

}  // namespace

Connection::Connection(std::shared_ptr<IoContext> io, Socket socket, Reception& reception)
    : io_(std::move(io)),
      socket_(std::move(socket)),
      reception_(reception),
      deadline_(socket_.get_executor(), [this] { on_deadline(); }),
      silence_(socket_.get_executor(), [this] {
        if (outbox_) outbox_->ping();
      }) {
  ++reception_.connections;
  ++reception_.accepted;
}

Connection::~Connection() = default;

void Connection::start() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  set_read_deadline();
  wait_readable();
}

void Connection::post_quit() {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->is_quitting_ = true;
    if (self->outbox_) return self->outbox_->stop_keeping_alive();
    if (self->state_ == State::kReading) self->close(Ending::kShutDown);
  });
}

void Connection::post_shut_down(ApiError error) {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), error = std::move(error)] {
    self->is_quitting_ = true;
    if (!self->outbox_) return;
    self->ending_ = Ending::kShutDown;
    self->outbox_->shut_down(error);
    self->deadline_.set(kShutDownPatience, self);
  });
}

void Connection::post_abort() {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close(Ending::kShutDown); });
}

// Reading ---------------------------------------------------------------------------------------------------

void Connection::wait_readable() {
  bool is_full = state_ == State::kAnswering && backlog_.size() >= kBacklogBytesMax;
  if (is_waiting_ || has_input_ended_ || is_full || state_ == State::kClosed) return;
  is_waiting_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    self->is_waiting_ = false;
    if (self->state_ == State::kClosed) return;
    if (error) return self->close(Ending::kClientGone);
    self->on_readable();
  });
}

void Connection::on_readable() {
  // One buffer for all connections of a thread: an idle one needs none.
  thread_local std::vector<char> buffer(kReadBytes);
  error_code error;
  size_t bytes = socket_.read_some(boost::asio::buffer(buffer), error);
  if (error == boost::asio::error::would_block) return wait_readable();
  if (error == boost::asio::error::eof) return on_end_of_input();
  if (error) return close(Ending::kClientGone);
  on_bytes({buffer.data(), bytes});
}

void Connection::on_bytes(std::string_view bytes) {
  if (state_ == State::kReading)
    consume(bytes);
  else if (state_ == State::kAnswering)
    backlog_.append(bytes);
  wait_readable();
}

void Connection::on_end_of_input() {
  has_input_ended_ = true;
  // It may still read an answer that comes as a whole.
  if (state_ == State::kAnswering && outbox_->hang_up()) return;
  close(Ending::kClientGone);
}

void Connection::consume(std::string_view bytes) {
  if (!parser_) parser_ = std::make_unique<Parser>(reception_.limits());
  while (state_ == State::kReading && !bytes.empty()) {
    bool had_head = parser_->stage() == Parser::Stage::kBody;
    bytes.remove_prefix(parser_->feed(bytes));
    if (parser_->stage() == Parser::Stage::kFailed) return refuse(parser_->error());
    if (parser_->stage() == Parser::Stage::kHead) continue;
    if (!had_head && !on_head()) {
      backlog_ = bytes;
      return;
    }
    if (!reception_.charge_body(charge_, parser_->request().body.size()))
      return refuse(unavailable("The server holds too many large requests.", "overloaded", 1));
    if (parser_->stage() == Parser::Stage::kDone) {
      backlog_ = bytes;
      return on_request();
    }
  }
  if (state_ != State::kReading) return;
  if (is_too_slow()) return refuse(too_slow("the body comes too slowly"));
  set_read_deadline();
}

void Connection::set_read_deadline() {
  const Limits& limits = reception_.limits();
  bool is_idle = !parser_ || !parser_->has_begun();
  if (is_idle) return deadline_.set(limits.keep_alive, shared_from_this());
  if (parser_->stage() == Parser::Stage::kBody) return deadline_.set(limits.body_idle, shared_from_this());
  // Once, so that a byte now and then does not move it.
  if (!std::exchange(is_head_timed_, true)) deadline_.set(limits.header, shared_from_this());
}

bool Connection::is_too_slow() const {
  if (parser_->stage() != Parser::Stage::kBody) return false;
  auto elapsed = std::chrono::duration<double>(Clock::now() - body_begun_);
  return elapsed > reception_.limits().body_idle &&
         static_cast<double>(parser_->request().body.size()) <
             elapsed.count() * reception_.limits().body_bytes_per_second_min;
}

bool Connection::on_head() {
  body_begun_ = Clock::now();
  Headers more;
  auto result = reception_.admit(parser_->request(), more);
  if (auto* refusal = std::get_if<Reception::Refusal>(&result)) {
    admitted_ = {};
    admitted_.more = std::move(more);
    refuse(refusal->error, refusal->allow);
  } else if (auto* answer = std::get_if<Response>(&result)) {
    admitted_ = {};
    admitted_.more = std::move(more);
    make_outbox(!parser_->has_body())->send(std::move(*answer));
  } else {
    admitted_ = std::get<Reception::Admitted>(std::move(result));
    bool wants_word = parser_->stage() == Parser::Stage::kBody && parser_->expects_continue();
    error_code error;
    // Such a short answer fits into an empty send buffer.
    if (wants_word) socket_.write_some(boost::asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), error);
    return true;
  }
  return false;
}

void Connection::on_request() {
  const Route* route = admitted_.route;
  auto outbox = make_outbox(parser_->may_keep_alive());
  outbox->set_route(route->pattern);
  parser_.reset();
  std::shared_ptr<Exchange> exchange = Outbox::open(std::move(outbox));
  auto handle = [route, exchange]() mutable {
    try {
      route->handler(exchange);
    } catch (const std::bad_alloc&) {
      exchange->fail(unavailable("Out of memory.", "overloaded", 1));
    } catch (const std::exception& e) {
      log().error("server: {}: {}", route->pattern, e.what());
      exchange->fail(internal_error("Internal error."));
    }
    exchange.reset();
  };
  exchange.reset();
  if (route->where == Where::kIo) return handle();
  reception_.on_worker(std::move(handle));
}

void Connection::on_deadline() {
  bool has_request = parser_ && parser_->has_begun();
  if (state_ != State::kReading || !has_request) return close(Ending::kCutOff);
  bool is_head = parser_->stage() == Parser::Stage::kHead;
  refuse(too_slow(is_head ? "the headers come too slowly" : "the body comes too slowly"));
}

// Answering -------------------------------------------------------------------------------------------------

std::shared_ptr<Outbox> Connection::make_outbox(bool keeps_alive) {
  Framing framing{parser_->is_http_1_0(), parser_->is_head_method(),
                  keeps_alive && !is_quitting_ && !reception_.is_draining(),
                  reception_.limits().queued_bytes_max, std::move(admitted_.more)};
  std::weak_ptr<Connection> weak = weak_from_this();
  outbox_ = std::make_shared<Outbox>(std::move(parser_->request()), std::move(framing), [weak] {
    auto self = weak.lock();
    if (self) boost::asio::post(self->socket_.get_executor(), [self] { self->flush(); });
  });
  exchange_ = reception_.enter();
  state_ = State::kAnswering;
  ending_ = Ending::kAnswered;
  is_last_ = false;
  deadline_.clear();
  return outbox_;
}

void Connection::refuse(const ApiError& error, const std::string& allow) {
  ++reception_.refused;
  if (parser_->request().id.empty()) parser_->request().id = new_request_id();
  bool is_whole = parser_->stage() == Parser::Stage::kDone;
  if (!allow.empty()) admitted_.more.add("allow", allow);
  make_outbox(is_whole && parser_->may_keep_alive())->fail(error);
}

void Connection::flush() {
  if (!outbox_ || state_ != State::kAnswering) return;
  if (!outbox_->look()) return close(has_input_ended_ ? Ending::kClientGone : Ending::kCutOff);
  if (is_writing_) return;
  Outbox::Taken taken = outbox_->take();
  if (taken.is_events && reception_.limits().ping.count() > 0)
    silence_.set(reception_.limits().ping, shared_from_this());
  is_last_ = taken.is_last;
  if (taken.bytes.empty()) {
    if (is_last_) on_answered();
    return;
  }
  writing_ = std::move(taken.bytes);
  written_ = 0;
  write_some();
}

void Connection::write_some() {
  is_writing_ = true;
  if (ending_ != Ending::kShutDown) deadline_.set(reception_.limits().write_stall, shared_from_this());
  socket_.async_write_some(boost::asio::buffer(writing_.data() + written_, writing_.size() - written_),
                           [self = shared_from_this()](error_code error, size_t bytes) {
                             self->is_writing_ = false;
                             if (self->state_ == State::kClosed) return;
                             if (error) return self->close(Ending::kClientGone);
                             self->on_written(bytes);
                           });
}

void Connection::on_written(size_t bytes) {
  outbox_->sent(bytes);
  written_ += bytes;
  if (written_ < writing_.size()) return write_some();
  writing_ = {};
  if (ending_ != Ending::kShutDown) deadline_.clear();
  flush();
}

void Connection::on_answered() {
  bool keeps_alive = outbox_->keeps_alive() && !is_quitting_ && !has_input_ended_;
  end_exchange(ending_);
  if (keeps_alive)
    next_request();
  else
    linger();
}

void Connection::next_request() {
  state_ = State::kReading;
  parser_.reset();
  admitted_ = {};
  std::string bytes = std::exchange(backlog_, {});
  if (!bytes.empty()) return on_bytes(bytes);
  set_read_deadline();
  wait_readable();
}

void Connection::end_exchange(Ending ending) {
  if (!outbox_) return;
  silence_.clear();
  auto outbox = std::exchange(outbox_, nullptr);
  outbox->close();
  reception_.on_end(outbox->record(ending));
  exchange_ = {}, charge_ = {}, admitted_ = {};
  is_head_timed_ = false;
  reception_.on_quiet();
}

void Connection::linger() {
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error || has_input_ended_) return close(Ending::kAnswered);
  state_ = State::kLingering;
  backlog_ = {};
  parser_.reset();
  deadline_.set(std::chrono::milliseconds(kLinger), shared_from_this());
  wait_readable();
}

void Connection::close(Ending ending) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  auto self = shared_from_this();
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  silence_.cancel();
  end_exchange(ending_ == Ending::kAnswered ? ending : ending_);
  exchange_ = {}, charge_ = {}, admitted_ = {};
  --reception_.connections;
  reception_.on_quiet();
}

}  // namespace tenon::http
