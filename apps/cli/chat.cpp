#include "chat.hpp"

#include "chat_commands.hpp"
#include "line_editor.hpp"

#include <cstdio>
#include <utility>

namespace tenon::cli {
namespace {

constexpr const char* kQuotes = "\"\"\"";

void report_in_chat(const Error& error) { std::fprintf(stderr, "tenon: %s\n", error.text.c_str()); }

// Reads on to the line that ends with three quotation marks; `text` begins with what followed the first ones.
LineEditor::Outcome read_quoted(LineEditor& editor, std::string& text) {
  std::string line = std::exchange(text, {});
  while (!line.ends_with(kQuotes)) {
    text += line + "\n";
    auto outcome = editor.read("... ", line);
    if (outcome != LineEditor::Outcome::kLine) return outcome;
  }
  text += line.substr(0, line.size() - 3);
  return LineEditor::Outcome::kLine;
}

// What was typed, and whether it stood in quotation marks.
struct Typed {
  std::string text;
  bool is_quoted = false;
};

LineEditor::Outcome read_question(LineEditor& editor, Typed& typed) {
  std::string& text = typed.text;
  auto outcome = editor.read("> ", text);
  if (outcome != LineEditor::Outcome::kLine || text.empty()) return outcome;
  editor.remember(text);
  typed.is_quoted = text.starts_with(kQuotes);
  if (!typed.is_quoted) return outcome;
  text.erase(0, 3);
  return read_quoted(editor, text);
}

ChatStep take(ChatState& state, const Typed& typed) {
  const std::string& line = typed.text;
  if (line.empty()) return ChatStep::kGoOn;
  if (line[0] == '/' && !typed.is_quoted) {
    auto step = run_chat_command(state, line);
    if (!step.ok()) report_in_chat(step.error());
    return step.ok() ? step.value() : ChatStep::kGoOn;
  }
  // A question that cannot be answered, such as one too long, does not end the chat.
  Status answered = state.session.ask(std::exchange(state.read, {}) + line);
  if (!answered.ok()) report_in_chat(answered.error());
  return ChatStep::kGoOn;
}

}  // namespace

Result<int> chat(ChatSession& session) {
  std::fprintf(stderr, "%s. /help lists what there is beside questions, /quit or Ctrl-D leaves.\n",
               session.conversation().description().name.c_str());
  LineEditor editor(history_file());
  ChatState state{session, {}};
  while (true) {
    std::fprintf(stderr, "\n");
    Typed typed;
    auto outcome = read_question(editor, typed);
    if (outcome == LineEditor::Outcome::kEnd) break;
    take_interrupt();  // one that came while a line was typed is dealt with here
    if (outcome == LineEditor::Outcome::kInterrupted) continue;
    if (take(state, typed) == ChatStep::kQuit) break;
  }
  std::fprintf(stderr, "\n");
  return 0;
}

}  // namespace tenon::cli
