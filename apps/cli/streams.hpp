// Standard input and output of the commands that work as filters.
#pragma once
#include <tenon/base/json.hpp>

#include <functional>
#include <string>

namespace tenon::cli {

// All of standard input. Fails with TENON_IO if it cannot be read.
Result<std::string> read_input();

// Writes and flushes. Fails with TENON_IO if nobody takes it.
Status write_output(const std::string& text);

// Reads lines of JSON and writes a line for each: the answer, or {"error": TEXT}. An answer is written before
// the next line is read. Blank lines are skipped. Returns the exit code.
Result<int> answer_lines(const std::function<Result<Json>(const std::string& line)>& answer);

}  // namespace tenon::cli
