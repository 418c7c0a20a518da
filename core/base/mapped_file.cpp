#include <tenon/base/mapped_file.hpp>

#include <tenon/base/checked.hpp>
#include <tenon/base/file.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

namespace tenon {
namespace {

// What the signal handler may look at: fixed slots, written before the mapping is handed out. Mappings beyond
// the table are only without their name in the message.
struct MappedRange {
  std::atomic<const std::byte*> begin{nullptr};
  std::atomic<uint64_t> size{0};
  char name[256];
};
std::array<MappedRange, 1024> g_ranges;
std::mutex g_ranges_mutex;

constexpr int kExitIo = 74;  // EX_IOERR of sysexits.h

void write_text(const char* text) {
  ssize_t ignored = write(STDERR_FILENO, text, std::strlen(text));
  (void)ignored;
}

const char* name_of(const void* address) {
  auto* at = static_cast<const std::byte*>(address);
  for (const MappedRange& range : g_ranges) {
    const std::byte* begin = range.begin.load();
    if (begin && at >= begin && at < begin + range.size.load()) return range.name;
  }
  return nullptr;
}

void handle_bus_error(int, siginfo_t* info, void*) {
  const char* name = name_of(info->si_addr);
  if (!name) {
    signal(SIGBUS, SIG_DFL);
    raise(SIGBUS);
    return;
  }
  write_text("tenon: ");
  write_text(name);
  write_text(": was cut short, or could not be read, while in use; expected it to stay as it was opened\n");
  _exit(kExitIo);
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = handle_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGBUS, &action, nullptr);
  });
}

void remember(const std::filesystem::path& path, const std::byte* data, uint64_t size) {
  std::lock_guard lock(g_ranges_mutex);
  for (MappedRange& range : g_ranges) {
    if (range.begin.load()) continue;
    std::strncpy(range.name, path.c_str(), sizeof(range.name) - 1);
    range.size = size;
    range.begin = data;
    return;
  }
}

void forget(const std::byte* data) {
  std::lock_guard lock(g_ranges_mutex);
  for (MappedRange& range : g_ranges)
    if (range.begin.load() == data) range.begin = nullptr;
}

uint64_t page_bytes() {
  static const uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

// Of the pages that begin or end in `mapped`, those at its edges too, or those that lie inside alone.
std::span<const std::byte> pages_around(std::span<const std::byte> mapped) {
  uint64_t before = reinterpret_cast<uintptr_t>(mapped.data()) % page_bytes();
  return {mapped.data() - before, mapped.size() + before};
}
std::span<const std::byte> pages_within(std::span<const std::byte> mapped) {
  uintptr_t first = reinterpret_cast<uintptr_t>(mapped.data());
  uint64_t skipped = round_up(first, page_bytes()) - first;
  if (skipped >= mapped.size()) return {};
  return {mapped.data() + skipped, (mapped.size() - skipped) / page_bytes() * page_bytes()};
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  install_handler();
  MappedFile file(path);
  TENON_TRY(file.map());
  return file;
}

Status MappedFile::map() {
  // Not blocking: a pipe would otherwise wait here for its other end.
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info {};
  if (fd_ < 0 || fstat(fd_, &info) != 0) return io_error(path_, errno);
  if (!S_ISREG(info.st_mode)) return Error{TENON_IO, path_.string() + ": is not a regular file"};
  changed_ns_ = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size == 0) return ok();
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd_, 0);
  if (data == MAP_FAILED) return io_error(path_, errno);
  data_ = static_cast<const std::byte*>(data), size_ = size;
  remember(path_, data_, size_);
  return ok();
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      changed_ns_(other.changed_ns_) {}

MappedFile::~MappedFile() {
  if (fd_ >= 0) close(fd_);
  if (!data_) return;
  forget(data_);
  munmap(const_cast<std::byte*>(data_), size_);
}

Status MappedFile::read(uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    ssize_t got = pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path_, errno);
    if (got == 0)
      return Error{TENON_IO,
                   path_.string() + ": was cut short while in use; expected it to stay as it was opened"};
    to = to.subspan(static_cast<size_t>(got)), offset += static_cast<uint64_t>(got);
  }
  return ok();
}

void read_ahead(std::span<const std::byte> mapped) {
  std::span<const std::byte> pages = pages_around(mapped);
  madvise(const_cast<std::byte*>(pages.data()), pages.size(), MADV_WILLNEED);
}

void give_back(std::span<const std::byte> mapped) {
  std::span<const std::byte> pages = pages_within(mapped);
  if (!pages.empty() && name_of(pages.data()))
    madvise(const_cast<std::byte*>(pages.data()), pages.size(), MADV_DONTNEED);
}

}  // namespace tenon
