#include <apps/server/http/text.hpp>

#include <tenon/base/text.hpp>

#include <algorithm>
#include <ctime>
#include <random>

namespace tenon::http {
namespace {

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_dots(std::string_view path) {
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('/', at + 1), path.size());
    std::string_view segment = path.substr(at + 1, end - at - 1);
    if (segment == "." || segment == "..") return true;
    at = end;
  }
  return false;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [&](char c) { return is_alnum(c) || kSigns.find(c) != kSigns.npos; });
}

bool is_field_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

std::optional<std::pair<std::string, std::string>> split_field(std::string_view line) {
  size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return std::nullopt;
  return std::pair(lower(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
}

std::vector<std::string> split_list(std::string_view value) {
  std::vector<std::string> words;
  while (!value.empty()) {
    size_t end = std::min(value.find(','), value.size());
    if (auto word = trimmed(value.substr(0, end)); !word.empty()) words.push_back(lower(word));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return words;
}

std::optional<std::string> decode_path(std::string_view path) {
  std::string result;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      result += path[i];
      continue;
    }
    int high = i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
    int low = i + 2 < path.size() ? hex_digit(path[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!is_valid_utf8(result) || has_dots(result)) return std::nullopt;
  return result;
}

const char* reason_of(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return status < 400 ? "OK" : "Error";
  }
}

std::string date_now() {
  std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::string new_request_id() {
  thread_local std::random_device source;
  std::string id = "req-";
  for (int i = 0; i < 3; ++i) {
    uint32_t bits = source();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) id += "0123456789abcdef"[bits % 16];
  }
  return id;
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace tenon::http
