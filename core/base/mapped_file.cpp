#include <tenon/base/mapped_file.hpp>

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

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  install_handler();
  // Not blocking: a pipe would otherwise wait here for its other end.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return io_error(path, errno);
  struct stat info {};
  int failed = fstat(fd, &info) != 0 ? errno : 0;
  bool is_regular = S_ISREG(info.st_mode);
  uint64_t size = is_regular ? static_cast<uint64_t>(info.st_size) : 0;
  void* data = nullptr;
  if (!failed && size > 0) {
    data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) failed = errno;
  }
  close(fd);
  if (failed) return io_error(path, failed);
  if (!is_regular) return Error{TENON_IO, path.string() + ": is not a regular file"};
  return MappedFile(path, static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(std::filesystem::path path, const std::byte* data, uint64_t size)
    : path_(std::move(path)), data_(data), size_(size) {
  if (data_) remember(path_, data_, size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

MappedFile::~MappedFile() {
  if (!data_) return;
  forget(data_);
  munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::will_need(uint64_t offset, uint64_t length) const {
  uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  uint64_t begin = offset / page * page;
  madvise(const_cast<std::byte*>(data_) + begin, length + (offset - begin), MADV_WILLNEED);
}

void release_pages(std::span<const std::byte> bytes) {
  uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  uintptr_t end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace tenon
