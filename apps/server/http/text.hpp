// The small grammar of HTTP: tokens, fields, lists and paths.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::http {

// ASCII letters only.
std::string lower(std::string_view text);

// A name of a method or header: letters, digits and !#$%&'*+-.^_`|~
bool is_token(std::string_view text);

// No control characters but tabs.
bool is_field_text(std::string_view text);

// "Name: value" as {"name", "value"}, without the space around the value.
std::optional<std::pair<std::string, std::string>> split_field(std::string_view line);

// "a, B" as {"a", "b"}: words in lower case.
std::vector<std::string> split_list(std::string_view value);

// %XX decoded. Nothing if a code is wrong, the result has a NUL, is not UTF-8, or has . or .. between its
// slashes.
std::optional<std::string> decode_path(std::string_view path);

// "OK" of 200
const char* reason_of(int status);

// "Sat, 28 Nov 2026 06:36:40 GMT"
std::string date_now();

// "req-" and 96 random bits, which nobody else draws.
std::string new_request_id();
// What a client may choose: 1 to 128 of [A-Za-z0-9._-].
bool is_request_id(std::string_view text);

}  // namespace tenon::http
