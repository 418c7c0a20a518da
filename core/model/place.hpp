// Where in a model description something stands, for messages.
#pragma once
#include <cstdint>
#include <string>

namespace tenon {

struct Place {
  std::string file;
  uint32_t line = 0, column = 0;

  // "qwen3.toml:41:12", to be put in parentheses at the end of a message.
  std::string text() const {
    if (line == 0) return file;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
};

}  // namespace tenon
