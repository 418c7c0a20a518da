#include "streams.hpp"

#include <iostream>
#include <iterator>

namespace tenon::cli {
namespace {

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

Status check_input() {
  if (std::cin.bad()) return Error{TENON_IO, "standard input: cannot be read"};
  return ok();
}

}  // namespace

Result<std::string> read_input() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  TENON_TRY(check_input());
  return text;
}

Status write_output(const std::string& text) {
  if (std::cout << text << std::flush) return ok();
  return Error{TENON_IO, "standard output: cannot be written"};
}

Result<int> answer_lines(const std::function<Result<Json>(const std::string& line)>& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    if (is_blank(line)) continue;
    Result<Json> answered = answer(line);
    Json written = answered.ok() ? std::move(answered).value() : Json{{"error", answered.error().text}};
    TENON_TRY(write_output(written.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"));
  }
  TENON_TRY(check_input());
  return 0;
}

}  // namespace tenon::cli
