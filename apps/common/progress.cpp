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

// "  1.25 of 4.00 GiB, 1.90 GB/s"
std::string bytes_note(uint64_t done, uint64_t total, double seconds) {
  constexpr double kGibibyte = 1 << 30;
  char note[64];
  std::snprintf(note, sizeof note, "  %.2f of %.2f GiB, %.2f GB/s", static_cast<double>(done) / kGibibyte,
                static_cast<double>(total) / kGibibyte, static_cast<double>(done) / 1e9 / seconds);
  return note;
}

}  // namespace

Progress::Progress(std::string title)
    : title_(std::move(title)), is_terminal_(isatty(STDERR_FILENO)), start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (is_drawn_) std::fprintf(stderr, "\r\033[K");
}

void Progress::update_bytes(uint64_t done, uint64_t total) {
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  draw(done, total, bytes_note(done, total, seconds.count()));
}

void Progress::draw(uint64_t done, uint64_t total, const std::string& note) {
  auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || total == 0 || now - start_ < 1s || now - last_draw_ < 50ms) return;
  last_draw_ = now;
  is_drawn_ = true;
  int percent = static_cast<int>(100 * done / total);
  int cells = std::clamp(terminal_width() - static_cast<int>(title_.size() + note.size()) - 10, 0, 40);
  int full = cells * percent / 100;
  std::string bar =
      std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(cells - full), '.');
  std::fprintf(stderr, "\r\033[K%s [%s] %3d %%%s", title_.c_str(), bar.c_str(), percent, note.c_str());
  std::fflush(stderr);
}

}  // namespace tenon
