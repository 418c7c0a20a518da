#include <apps/common/progress.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tenon {
namespace {

using namespace std::chrono_literals;

int terminal_width() {
  struct winsize size {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::string title)
    : title_(std::move(title)), is_terminal_(isatty(STDERR_FILENO)), start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (is_drawn_) std::fprintf(stderr, "\r\033[K");
}

void Progress::update(uint64_t done, uint64_t total) {
  auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || total == 0 || now - start_ < 1s || now - last_draw_ < 50ms) return;
  last_draw_ = now;
  is_drawn_ = true;
  int percent = static_cast<int>(100 * done / total);
  int cells = std::clamp(terminal_width() - static_cast<int>(title_.size()) - 10, 0, 40);
  int full = cells * percent / 100;
  std::string bar =
      std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(cells - full), '.');
  std::fprintf(stderr, "\r\033[K%s [%s] %3d %%", title_.c_str(), bar.c_str(), percent);
  std::fflush(stderr);
}

}  // namespace tenon
