// Lines typed on a terminal, with editing and a history (libedit: Emacs keys, or what ~/.editrc says). Prompts
// and the echo go to standard error. One at a time in a process, used by one thread.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace tenon::cli {

class LineEditor {
 public:
  // history: kept there from one session to the next; empty: only as long as the editor lives.
  explicit LineEditor(std::filesystem::path history);
  // Writes the history.
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;

  enum class Outcome { kLine, kEnd, kInterrupted };

  // Waits for a line, without its newline. kEnd: Ctrl-D on an empty line; kInterrupted: Ctrl-C.
  Outcome read(const std::string& prompt, std::string& line);

  // Puts a text into the history.
  void remember(const std::string& text);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
  std::filesystem::path history_;
};

// Where the history of chats is kept: what TENON_HISTORY says, else history in tenon's folder of the user's
// state (XDG_STATE_HOME). Empty if there is no such place, or TENON_HISTORY is set to nothing.
std::filesystem::path history_file();

}  // namespace tenon::cli
