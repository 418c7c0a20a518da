// What reading a request comes to: a value, or the error that its client gets. Works with TENON_TRY.
#pragma once
#include <apps/server/http/api_error.hpp>

#include <tenon/sdk/result.hpp>

#include <variant>

namespace tenon::api {

using http::ApiError;

template <class T>
class [[nodiscard]] Reply {
 public:
  Reply(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Reply(ApiError error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  // REQUIRES: ok()
  T& value() & { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  // REQUIRES: !ok()
  const ApiError& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, ApiError> held_;
};

using Check = Reply<Unit>;
inline Check passed() { return Unit{}; }

// The client's fault, if something in its `param` made the core refuse.
template <class T>
Reply<T> blamed_on(Result<T> result, const std::string& param, const std::string& code = "invalid_value") {
  if (result.ok()) return std::move(result).value();
  return http::bad_request(result.error().text, param, code);
}

}  // namespace tenon::api
