#include "answer_view.hpp"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace tenon::cli {
namespace {

constexpr const char* kDim = "\x1b[2m";
constexpr const char* kPlain = "\x1b[0m";

bool write_to(FILE* file, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

}  // namespace

bool is_coloured() {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
}

bool TerminalView::show_thought(std::string_view text) {
  bool begins = !std::exchange(is_thinking_, true);
  has_thought_ = true;
  if (thoughts_ == Thoughts::kFolded) return !begins || write_to(stderr, "(thinking ...)");
  if (begins && is_coloured()) write_to(stderr, kDim);
  return write_to(stderr, text);
}

void TerminalView::end_thought() {
  if (!std::exchange(is_thinking_, false)) return;
  if (thoughts_ == Thoughts::kShown && is_coloured()) write_to(stderr, kPlain);
  write_to(stderr, thoughts_ == Thoughts::kShown ? "\n\n" : "\n");
}

bool TerminalView::show_content(std::string_view text) {
  end_thought();
  return write_to(stdout, text);
}

void TerminalView::finish(uint32_t tokens_of_thought) {
  end_thought();
  if (has_thought_ && thoughts_ == Thoughts::kFolded)
    std::fprintf(stderr, "\n(thought for %u tokens; /show thought shows it)", tokens_of_thought);
}

}  // namespace tenon::cli
