#include <apps/server/http/outbox.hpp>

#include <apps/server/http/text.hpp>

#include <cstdio>
#include <utility>

namespace tenon::http {
namespace {

class HandlersExchange final : public Exchange {
 public:
  explicit HandlersExchange(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}
  ~HandlersExchange() override { outbox_->drop(); }

  const Request& request() const override { return outbox_->request(); }
  Meter& meter() override { return outbox_->meter(); }
  void send(Response response) override { outbox_->send(std::move(response)); }
  void start_stream(int status, Headers headers, StreamKind kind) override {
    outbox_->start_stream(status, std::move(headers), kind);
  }
  WriteState write(std::string bytes) override { return outbox_->write(bytes); }
  void finish() override { outbox_->finish(); }
  void on_closed(std::function<void()> callback) override { outbox_->on_closed(std::move(callback)); }
  bool is_open() const override { return outbox_->is_open(); }
  void fail(const ApiError& error) override { outbox_->fail(error); }

 private:
  std::shared_ptr<Outbox> outbox_;
};

bool has_no_body(int status) { return status == 204 || status == 304; }

Response response_of(const ApiError& error, const std::string& request_id) {
  Response response = json_response(to_json(error, request_id));
  response.status = error.status;
  if (error.retry_after_seconds)
    response.headers.add("retry-after", std::to_string(*error.retry_after_seconds));
  if (error.status == 401) response.headers.add("www-authenticate", "Bearer");
  return response;
}

}  // namespace

Outbox::Outbox(Request request, Framing framing, std::function<void()> wake)
    : request_(std::move(request)), wake_(std::move(wake)), framing_(std::move(framing)) {
  record_.id = request_.id;
  record_.method = framing_.is_head_method ? "HEAD" : request_.method;
  record_.tenant = request_.tenant;
  record_.bytes_in = request_.body.size();
  record_.begun = Clock::now();
}

std::shared_ptr<Exchange> Outbox::open(std::shared_ptr<Outbox> outbox) {
  return std::make_shared<HandlersExchange>(std::move(outbox));
}

void Outbox::send(Response response, const std::string& error_code) {
  std::function<void()> dropped;
  {
    std::lock_guard lock(mutex_);
    if (phase_ != Phase::kWaiting) return;
    dropped.swap(on_closed_);
    bool has_body = !has_no_body(response.status);
    put_head(response.status, response.headers, has_body ? std::optional(response.body.size()) : std::nullopt);
    if (has_body && !framing_.is_head_method)
      bytes_ += response.body, record_.bytes_out += response.body.size();
    record_.error_code = error_code;
    phase_ = Phase::kFinished;
  }
  wake();
}

void Outbox::start_stream(int status, Headers headers, Exchange::StreamKind kind) {
  {
    std::lock_guard lock(mutex_);
    if (phase_ != Phase::kWaiting || !is_open_) return;
    if (framing_.is_http_1_0)
      framing_.keeps_alive = false;
    else
      headers.add("transfer-encoding", "chunked");
    is_events_ = kind == Exchange::StreamKind::kEvents;
    phase_ = Phase::kStreaming;
    put_head(status, headers, std::nullopt);
  }
  wake();
}

WriteState Outbox::write(std::string_view bytes) {
  WriteState state;
  {
    std::lock_guard lock(mutex_);
    if (phase_ != Phase::kStreaming || !is_open_) return {false, 0};
    put(bytes);
    state = {true, bytes_.size() + taken_};
    if (state.queued_bytes > framing_.queued_bytes_max) is_cut_ = true, state.is_open = is_open_ = false;
  }
  wake();
  return state;
}

void Outbox::finish() {
  std::function<void()> dropped;
  {
    std::lock_guard lock(mutex_);
    if (phase_ != Phase::kStreaming) return;
    dropped.swap(on_closed_);
    put_end();
  }
  wake();
}

void Outbox::on_closed(std::function<void()> callback) {
  {
    std::lock_guard lock(mutex_);
    if (phase_ == Phase::kFinished) return;
    if (is_open_) {
      on_closed_ = std::move(callback);
      return;
    }
  }
  callback();
}

bool Outbox::is_open() const {
  std::lock_guard lock(mutex_);
  return is_open_ && phase_ != Phase::kFinished;
}

void Outbox::fail(const ApiError& error) {
  std::string code = error.code.value_or(error.type);
  std::function<void()> dropped;
  std::unique_lock lock(mutex_);
  if (phase_ == Phase::kWaiting) {
    lock.unlock();
    return send(response_of(error, request_.id), code);
  }
  if (phase_ != Phase::kStreaming) return;
  dropped.swap(on_closed_);
  framing_.keeps_alive = false;
  record_.error_code = code;
  if (is_events_) {
    put("data: " + to_json(error, request_.id) + "\n\ndata: [DONE]\n\n");
    put_end();
  } else {
    is_cut_ = true;  // a chunked body without its end is how the client sees that it is not whole
    phase_ = Phase::kFinished;
  }
  lock.unlock();
  wake();
}

void Outbox::drop() {
  std::function<void()> dropped;
  {
    std::lock_guard lock(mutex_);
    dropped.swap(on_closed_);
    if (phase_ == Phase::kFinished) return;
    if (!is_open_) is_cut_ = true, phase_ = Phase::kFinished;
  }
  if (is_open()) return fail(internal_error("the request was not answered"));
  wake();
}

Outbox::Taken Outbox::take() {
  std::lock_guard lock(mutex_);
  taken_ += bytes_.size();
  return {std::exchange(bytes_, {}), phase_ == Phase::kFinished, is_events_};
}

bool Outbox::look() {
  std::lock_guard lock(mutex_);
  is_woken_ = false;
  return !is_cut_;
}

void Outbox::sent(size_t bytes) {
  std::lock_guard lock(mutex_);
  if (bytes > 0 && record_.first_byte == Clock::time_point{}) record_.first_byte = Clock::now();
  taken_ -= bytes;
}

bool Outbox::keeps_alive() const {
  std::lock_guard lock(mutex_);
  return framing_.keeps_alive;
}

void Outbox::stop_keeping_alive() {
  std::lock_guard lock(mutex_);
  framing_.keeps_alive = false;
}

void Outbox::ping() {
  {
    std::lock_guard lock(mutex_);
    if (phase_ != Phase::kStreaming || !is_events_ || bytes_.size() + taken_ > 0) return;
    put(": ping\n\n");
  }
  wake();
}

bool Outbox::hang_up() {
  bool can_come;
  {
    std::lock_guard lock(mutex_);
    is_open_ = false;
    framing_.keeps_alive = false;
    can_come = phase_ != Phase::kStreaming;
  }
  call_closed();
  return can_come;
}

void Outbox::close() {
  {
    std::lock_guard lock(mutex_);
    is_open_ = false;
    bytes_.clear();
  }
  call_closed();
}

void Outbox::shut_down(const ApiError& error) {
  std::function<void()> callback;
  {
    std::lock_guard lock(mutex_);
    framing_.keeps_alive = false;
    callback.swap(on_closed_);
  }
  fail(error);
  {
    std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  if (callback) callback();
}

Record Outbox::record(Ending ending) const {
  Generation generation = meter_.generation();
  std::lock_guard lock(mutex_);
  Record record = record_;
  record.ending = ending;
  record.ended = Clock::now();
  record.generation = std::move(generation);
  return record;
}

void Outbox::put_head(int status, const Headers& headers, std::optional<size_t> length) {
  record_.status = status;
  bytes_ += "HTTP/1.1 " + std::to_string(status) + " " + reason_of(status) + "\r\n";
  auto put_field = [&](const std::string& name, const std::string& value) {
    bytes_ += name + ": " + value + "\r\n";
  };
  for (const auto& [name, value] : headers) put_field(name, value);
  for (const auto& [name, value] : framing_.more) put_field(name, value);
  if (length) put_field("content-length", std::to_string(*length));
  put_field("x-request-id", request_.id);
  put_field("x-content-type-options", "nosniff");
  put_field("date", date_now());
  put_field("connection", framing_.keeps_alive ? "keep-alive" : "close");
  bytes_ += "\r\n";
}

void Outbox::put(std::string_view bytes) {
  if (bytes.empty() || framing_.is_head_method) return;
  record_.bytes_out += bytes.size();
  if (framing_.is_http_1_0) {
    bytes_ += bytes;
    return;
  }
  char size[20];
  bytes_.append(size, static_cast<size_t>(std::snprintf(size, sizeof size, "%zx\r\n", bytes.size())));
  bytes_.append(bytes).append("\r\n");
}

void Outbox::put_end() {
  if (!framing_.is_http_1_0 && !framing_.is_head_method) bytes_ += "0\r\n\r\n";
  phase_ = Phase::kFinished;
}

// Without the lock, since the callback may come back here. That is also why callbacks are dropped without it.
void Outbox::call_closed() {
  std::function<void()> callback;
  {
    std::lock_guard lock(mutex_);
    callback = std::exchange(on_closed_, nullptr);
  }
  if (callback) callback();
}

void Outbox::wake() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(is_woken_, true)) return;
  }
  wake_();
}

}  // namespace tenon::http
