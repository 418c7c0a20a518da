// Failures as values. Result<T> is a T or an Error; Status is a Result without a value. Both must be looked at.
//
//     TENON_TRY(file.seek(0));                 // returns the error, if any, from the enclosing function
//     TENON_TRY(auto header, read_header(f));  // the same, and otherwise keeps the value
#pragma once
#include <tenon/abi/tenon_plugin.h>

#include <string>
#include <utility>
#include <variant>

namespace tenon {

// Why something could not be done: who, where, the fact, the expectation, in one line.
struct Error {
  tenon_status code;
  std::string text;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  // REQUIRES: ok()
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  // REQUIRES: !ok()
  const Error& error() const { return std::get<1>(held_); }

 private:
  std::variant<T, Error> held_;
};

struct Unit {};
using Status = Result<Unit>;
inline Status ok() { return Unit{}; }

inline Error invalid(std::string text) { return {TENON_INVALID, std::move(text)}; }

// `who: ` in front of the text of an error that comes from further down.
inline Error prefixed(const std::string& who, const Error& error) {
  return {error.code, who + ": " + error.text};
}

}  // namespace tenon

#define TENON_CONCAT_(a, b) a##b
#define TENON_CONCAT(a, b) TENON_CONCAT_(a, b)
#define TENON_TRY_STATUS(expression)                                        \
  do {                                                                      \
    auto tenon_try_status = (expression);                                   \
    if (!tenon_try_status.ok()) return std::move(tenon_try_status).error(); \
  } while (false)
#define TENON_TRY_VALUE_(temporary, target, expression)     \
  auto temporary = (expression);                            \
  if (!temporary.ok()) return std::move(temporary).error(); \
  target = std::move(temporary).value()
#define TENON_TRY_VALUE(target, expression) \
  TENON_TRY_VALUE_(TENON_CONCAT(tenon_try_, __COUNTER__), target, expression)
#define TENON_TRY_PICK(a, b, name, ...) name
#define TENON_TRY(...) TENON_TRY_PICK(__VA_ARGS__, TENON_TRY_VALUE, TENON_TRY_STATUS)(__VA_ARGS__)
