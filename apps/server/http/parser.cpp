#include <apps/server/http/parser.hpp>

#include <apps/server/http/text.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>

namespace tenon::http {
namespace {

constexpr size_t kChunkLineBytesMax = 256;
constexpr size_t kChunkDigitsMax = 8;

}  // namespace

size_t Parser::feed(std::string_view bytes) {
  size_t taken = 0;
  Stage before = stage_;
  while (taken < bytes.size() && stage_ == before && stage_ <= Stage::kBody) {
    std::string_view rest = bytes.substr(taken);
    taken += part_ == Part::kData ? feed_data(rest) : feed_line(rest);
  }
  return taken;
}

size_t Parser::line_bytes_max() const {
  bool is_chunk = part_ == Part::kChunkSize || part_ == Part::kChunkEnd;
  return is_chunk ? kChunkLineBytesMax : limits_.line_bytes_max;
}

size_t Parser::feed_line(std::string_view bytes) {
  bool is_chunk = part_ == Part::kChunkSize || part_ == Part::kChunkEnd;
  size_t end = bytes.find('\n'), room = line_bytes_max() + 3 - line_.size();
  // Not a byte past either limit, so that it makes no difference how the bytes come.
  if (!is_chunk) room = std::min<size_t>(room, limits_.header_bytes_max + 1 - head_bytes_);
  size_t taken = std::min(end == bytes.npos ? bytes.size() : end + 1, room);
  line_.append(bytes.substr(0, taken));
  if (!is_chunk) head_bytes_ += taken;
  if (line_.size() > line_bytes_max() + 2) {
    std::string most = std::to_string(line_bytes_max()) + " bytes";
    if (is_chunk)
      fail(400, "a chunk's first line is longer than " + most);
    else if (part_ == Part::kRequestLine)
      fail(414, "the request's first line is longer than " + most, "uri_too_long");
    else
      fail(431, "a header line is longer than " + most, "headers_too_large");
  } else if (head_bytes_ > limits_.header_bytes_max) {
    fail(431, "the headers are longer than " + std::to_string(limits_.header_bytes_max) + " bytes",
         "headers_too_large");
  } else if (line_.ends_with('\n')) {
    std::string line = std::move(line_);
    line_.clear();
    if (!line.ends_with("\r\n")) return fail(400, "a line ends in LF alone, must in CR LF"), taken;
    take_line(std::string_view(line).substr(0, line.size() - 2));
  }
  return taken;
}

void Parser::take_line(std::string_view line) {
  if (!is_field_text(line)) return fail(400, "a line has a control character in it");
  switch (part_) {
    case Part::kRequestLine: return take_request_line(line);
    case Part::kField: return line.empty() ? end_head() : take_field(line);
    case Part::kChunkSize: return take_chunk_size(line);
    case Part::kChunkEnd:
      if (!line.empty()) return fail(400, "a chunk is longer than its size says");
      part_ = Part::kChunkSize;
      return;
    case Part::kTrailer:
      if (line.empty())
        stage_ = Stage::kDone;
      else if (!split_field(line))
        fail(400, "a trailer line is not NAME: VALUE");
      return;
    case Part::kData: return;
  }
}

void Parser::take_request_line(std::string_view line) {
  if (line.empty()) return;  // some clients send a line break after a body
  size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last) return fail(400, "the first line is not METHOD PATH HTTP/1.1");
  std::string_view method = line.substr(0, first), version = line.substr(last + 1);
  if (!is_token(method)) return fail(400, "the method is not a word");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    bool is_other = version.starts_with("HTTP/") && version.size() == 8;
    return fail(is_other ? 505 : 400, "the version is " + printable(version, 20) + ", must be HTTP/1.1");
  }
  is_http_1_0_ = version == "HTTP/1.0";
  is_head_method_ = method == "HEAD";
  request_.method = is_head_method_ ? "GET" : method;
  part_ = Part::kField;
  take_target(line.substr(first + 1, last - first - 1));
}

void Parser::take_target(std::string_view target) {
  if (!target.starts_with('/')) return fail(400, "the target is not a path that begins with /");
  if (target.find_first_of(" #") != target.npos) return fail(400, "the target has a space or # in it");
  size_t end = std::min(target.find('?'), target.size());
  auto path = decode_path(target.substr(0, end));
  if (!path) return fail(400, "the path is not valid: wrong % codes, not UTF-8, or . and .. in it");
  request_.path = std::move(*path);
  request_.query = target.substr(std::min(end + 1, target.size()));
}

void Parser::take_field(std::string_view line) {
  auto field = split_field(line);
  if (!field) return fail(400, "a header line is not NAME: VALUE");
  if (request_.headers.size() >= limits_.headers_max)
    return fail(431, "more than " + std::to_string(limits_.headers_max) + " headers", "headers_too_large");
  take_known_field(field->first, field->second);
  request_.headers.add(std::move(field->first), std::move(field->second));
}

void Parser::take_known_field(const std::string& name, const std::string& value) {
  if (name == "content-length") return take_content_length(value);
  if (name == "connection") return take_connection(value);
  if (name == "host") {
    if (has_host_) fail(400, "two Host headers");
    has_host_ = true;
  } else if (name == "transfer-encoding") {
    if (has_encoding_) return fail(400, "two Transfer-Encoding headers");
    has_encoding_ = true;
    is_chunked_ = lower(value) == "chunked";
    if (!is_chunked_) fail(501, "Transfer-Encoding is " + printable(value, 40) + ", must be chunked");
  } else if (name == "expect") {
    expects_continue_ = lower(value) == "100-continue";
    if (!expects_continue_) fail(417, "Expect is " + printable(value, 40) + ", must be 100-continue");
  } else if (name == "content-encoding" && lower(value) != "identity") {
    fail(415, "Content-Encoding is " + printable(value, 40) + ", must be identity");
  }
}

void Parser::take_content_length(const std::string& value) {
  if (has_length_) return fail(400, "two Content-Length headers");
  has_length_ = true;
  bool is_number = !value.empty() && value.size() <= 18 && value.find_first_not_of("0123456789") == value.npos;
  if (!is_number) return fail(400, "Content-Length is not a number");
  content_length_ = std::stoull(value);
}

void Parser::take_connection(std::string_view value) {
  for (const std::string& word : split_list(value))
    if (word == "close") wants_close_ = true;
}

void Parser::end_head() {
  if (has_length_ && has_encoding_) return fail(400, "both Content-Length and Transfer-Encoding");
  if (has_encoding_ && is_http_1_0_) return fail(400, "Transfer-Encoding in HTTP/1.0");
  if (!has_host_ && !is_http_1_0_) return fail(400, "the Host header is missing");
  if (content_length_ > limits_.body_bytes_max)
    return fail(413,
                "the body has " + std::to_string(content_length_) + " bytes, at most " +
                    std::to_string(limits_.body_bytes_max),
                "body_too_large");
  data_left_ = content_length_;
  part_ = is_chunked_ ? Part::kChunkSize : Part::kData;
  stage_ = has_body() ? Stage::kBody : Stage::kDone;
}

void Parser::take_chunk_size(std::string_view line) {
  size_t end = std::min(line.find_first_of("; \t"), line.size());
  std::string_view digits = line.substr(0, end);
  std::string_view rest = line.substr(std::min(line.find_first_not_of(" \t", end), line.size()));
  bool is_number = !digits.empty() && digits.size() <= kChunkDigitsMax &&
                   digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos;
  if (!is_number || !(rest.empty() || rest.front() == ';'))
    return fail(400, "a chunk's size is not a hexadecimal number of 1 to 8 digits");
  data_left_ = std::stoull(std::string(digits), nullptr, 16);
  if (request_.body.size() + data_left_ > limits_.body_bytes_max)
    return fail(413, "the body has more than " + std::to_string(limits_.body_bytes_max) + " bytes",
                "body_too_large");
  part_ = data_left_ > 0 ? Part::kData : Part::kTrailer;
}

size_t Parser::feed_data(std::string_view bytes) {
  size_t taken = std::min<uint64_t>(bytes.size(), data_left_);
  request_.body.append(bytes.substr(0, taken));
  data_left_ -= taken;
  if (data_left_ == 0) end_data();
  return taken;
}

void Parser::end_data() {
  if (is_chunked_)
    part_ = Part::kChunkEnd;
  else
    stage_ = Stage::kDone;
}

void Parser::fail(int status, std::string message, std::string code) {
  stage_ = Stage::kFailed;
  error_ = {status, "request: " + std::move(message), "invalid_request_error", {}, std::move(code)};
}

}  // namespace tenon::http
