// Bytes to requests of HTTP/1.1 and 1.0, strictly: what two readers could understand in two ways is an error.
// Content-Length with Transfer-Encoding, two of either, a line that ends in a bare LF, a folded line, a control
// character, space before a colon, a chunk size with a sign: all 400.
#pragma once
#include <apps/server/http/api_error.hpp>
#include <apps/server/http/limits.hpp>
#include <apps/server/http/message.hpp>

#include <string>
#include <string_view>

namespace tenon::http {

// One request at a time. Thread: one.
class Parser {
 public:
  explicit Parser(const Limits& limits) : limits_(limits) {}

  enum class Stage {
    kHead,    // wants more
    kBody,    // the head is complete: everything of request() but its body can be looked at
    kDone,    // so is the body
    kFailed,  // error() says why; nothing after it can be understood
  };
  // Takes bytes up to the end of the head or of the request, and returns how many it took.
  size_t feed(std::string_view bytes);
  Stage stage() const { return stage_; }
  const ApiError& error() const { return error_; }

  // Whether any byte of this request has come.
  bool has_begun() const { return head_bytes_ > 0; }
  Request& request() { return request_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  bool may_keep_alive() const { return !wants_close_ && !is_http_1_0_; }
  bool has_body() const { return is_chunked_ || content_length_ > 0; }
  bool expects_continue() const { return expects_continue_; }
  bool is_head_method() const { return is_head_method_; }

 private:
  enum class Part { kRequestLine, kField, kData, kChunkSize, kChunkEnd, kTrailer };

  size_t feed_line(std::string_view bytes);
  size_t feed_data(std::string_view bytes);
  void take_line(std::string_view line);
  void take_request_line(std::string_view line);
  void take_target(std::string_view target);
  void take_field(std::string_view line);
  void take_known_field(const std::string& name, const std::string& value);
  void take_content_length(const std::string& value);
  void take_connection(std::string_view value);
  void take_chunk_size(std::string_view line);
  void end_head();
  void end_data();
  void fail(int status, std::string message, std::string code = "bad_http");
  size_t line_bytes_max() const;

  const Limits& limits_;
  Stage stage_ = Stage::kHead;
  Part part_ = Part::kRequestLine;
  ApiError error_;
  Request request_;
  std::string line_;  // so far
  uint64_t head_bytes_ = 0, content_length_ = 0, data_left_ = 0;
  bool is_http_1_0_ = false, is_head_method_ = false;
  bool has_length_ = false, has_encoding_ = false, is_chunked_ = false, has_host_ = false;
  bool wants_close_ = false, expects_continue_ = false;
};

}  // namespace tenon::http
