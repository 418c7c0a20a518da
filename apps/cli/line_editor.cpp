#include "line_editor.hpp"

#include <tenon/base/file.hpp>

#include <histedit.h>
#include <sys/stat.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>

namespace tenon::cli {
namespace {

constexpr int kHistoryLines = 1000;

struct HistoryEnd {
  void operator()(History* history) const { history_end(history); }
};
struct EditLineEnd {
  void operator()(EditLine* editor) const { el_end(editor); }
};

}  // namespace

struct LineEditor::Handles {
  std::unique_ptr<History, HistoryEnd> history{history_init()};
  std::unique_ptr<EditLine, EditLineEnd> editor;
  std::string prompt;
  HistEvent event{};
  bool is_interrupted = false;

  static Handles& of(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<Handles*>(self);
  }
  static char* prompt_of(EditLine* editor) { return of(editor).prompt.data(); }
  // Bound to Ctrl-C.
  static unsigned char interrupt(EditLine* editor, int) {
    of(editor).is_interrupted = true;
    return CC_EOF;
  }
};

LineEditor::LineEditor(std::filesystem::path history)
    : handles_(std::make_unique<Handles>()), history_(std::move(history)) {
  if (std::setlocale(LC_CTYPE, "C.UTF-8") == nullptr) std::setlocale(LC_CTYPE, "");
  setenv("TERM", "dumb", /*overwrite=*/0);
  Handles& handles = *handles_;
  handles.editor.reset(el_init("tenon", stdin, stderr, stderr));
  EditLine* editor = handles.editor.get();
  el_set(editor, EL_CLIENTDATA, &handles);
  el_set(editor, EL_PROMPT, &Handles::prompt_of);
  el_set(editor, EL_EDITOR, "emacs");
  el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  // Ctrl-C is a key here, not a signal, which would be lost between two keys.
  el_set(editor, EL_SETTY, "-d", "intr=", nullptr);
  el_set(editor, EL_ADDFN, "tenon-interrupt", "Give the line up", &Handles::interrupt);
  el_set(editor, EL_BIND, "^C", "tenon-interrupt", nullptr);
  ::history(handles.history.get(), &handles.event, H_SETSIZE, kHistoryLines);
  ::history(handles.history.get(), &handles.event, H_SETUNIQUE, 1);
  el_set(editor, EL_HIST, ::history, handles.history.get());
  el_source(editor, nullptr);
  if (!history_.empty()) ::history(handles.history.get(), &handles.event, H_LOAD, history_.c_str());
}

LineEditor::~LineEditor() {
  if (history_.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(history_.parent_path(), ignored);
  // Only its owner may read what was asked; a history that cannot be kept is no reason to fail.
  std::filesystem::path temporary = history_.string() + ".new";
  mode_t mask = umask(0077);
  ::history(handles_->history.get(), &handles_->event, H_SAVE, temporary.c_str());
  umask(mask);
  std::filesystem::rename(temporary, history_, ignored);
}

LineEditor::Outcome LineEditor::read(const std::string& prompt, std::string& line) {
  handles_->prompt = prompt;
  handles_->is_interrupted = false;
  int count = 0;
  errno = 0;
  // Before the prompt is shown, so that what is typed as soon as it is there is not echoed by the terminal too.
  el_set(handles_->editor.get(), EL_PREP_TERM, 1);
  const char* text = el_gets(handles_->editor.get(), &count);
  if (handles_->is_interrupted) return Outcome::kInterrupted;
  if (text == nullptr || count <= 0) return count < 0 && errno == EINTR ? Outcome::kInterrupted : Outcome::kEnd;
  line.assign(text, static_cast<size_t>(count));
  if (line.ends_with('\n')) line.pop_back();
  return Outcome::kLine;
}

void LineEditor::remember(const std::string& text) {
  ::history(handles_->history.get(), &handles_->event, H_ENTER, text.c_str());
}

std::filesystem::path history_file() {
  if (const char* named = std::getenv("TENON_HISTORY")) return named;
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::filesystem::path(state) / "tenon" / "history";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return std::filesystem::path(home) / ".local" / "state" / "tenon" / "history";
}

}  // namespace tenon::cli
