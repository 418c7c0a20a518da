// Where an answer is shown while it comes: what the model says on standard output and nothing else there, what
// it thinks on standard error.
#pragma once
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace tenon::cli {

enum class Thoughts : uint8_t {
  kShown,   // as they come, dimmed on a terminal
  kFolded,  // a line that says how many tokens they had
};

// Takes an answer's text. One thread at a time.
class AnswerView {
 public:
  virtual ~AnswerView() = default;
  // Both return false if the text cannot be shown; errno says why.
  virtual bool show_thought(std::string_view text) = 0;
  virtual bool show_content(std::string_view text) = 0;
};

class TerminalView final : public AnswerView {
 public:
  explicit TerminalView(Thoughts thoughts) : thoughts_(thoughts) {}

  bool show_thought(std::string_view text) override;
  bool show_content(std::string_view text) override;

  // Ends what is open, when no more comes. tokens: how many the thought had.
  void finish(uint32_t tokens_of_thought);

 private:
  void end_thought();

  Thoughts thoughts_;
  bool has_thought_ = false, is_thinking_ = false;
};

// Shows nothing.
class NoView final : public AnswerView {
 public:
  bool show_thought(std::string_view) override { return true; }
  bool show_content(std::string_view) override { return true; }
};

// Whether standard error takes colours: a terminal, unless NO_COLOR is set to anything.
bool is_coloured();

}  // namespace tenon::cli
