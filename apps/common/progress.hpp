// A progress bar on a terminal's standard error, for what takes over a second; nothing anywhere else.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace tenon {

class Progress {
 public:
  // title: "loading weights"
  explicit Progress(std::string title);
  ~Progress();  // wipes the bar

  void update(uint64_t done, uint64_t total) { draw(done, total, ""); }
  // The same for bytes: also says how many, and how many a second.
  void update_bytes(uint64_t done, uint64_t total);

 private:
  void draw(uint64_t done, uint64_t total, const std::string& note);
  std::string title_;
  bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

}  // namespace tenon
