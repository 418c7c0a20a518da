#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tenon {
namespace {

// Closes on every way out.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Error io_error(const std::filesystem::path& path, int error_number) {
  return {TENON_IO, path.string() + ": " + std::strerror(error_number)};
}

Result<std::string> read_file(const std::filesystem::path& path, uint64_t bytes_max) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return io_error(path, errno);
  struct stat info {};
  if (fstat(file.fd, &info) != 0) return io_error(path, errno);
  if (S_ISDIR(info.st_mode)) return io_error(path, EISDIR);
  std::string content;
  // Read to the end rather than st_size bytes, so that pipes work; the limit holds for both.
  char chunk[65536];
  for (;;) {
    ssize_t got = read(file.fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(path, errno);
    if (got == 0) return content;
    content.append(chunk, static_cast<size_t>(got));
    if (content.size() > bytes_max)
      return invalid(path.string() + ": is larger than " + format_bytes(bytes_max) +
                     ", the limit for such a file");
  }
}

Result<NewFile> NewFile::create(const std::filesystem::path& path) {
  std::filesystem::path temporary =
      path.parent_path() / ("." + path.filename().string() + ".tmp-" + std::to_string(getpid()));
  unlink(temporary.c_str());  // left by a process of the same number; never written through, it may be a link
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(temporary, errno);
  return NewFile(path, std::move(temporary), fd);
}

Result<NewFile> NewFile::create_or_find(const std::filesystem::path& path) {
  std::filesystem::path temporary = path.parent_path() / ("." + path.filename().string() + ".part");
  int fd = open(temporary.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return io_error(temporary, errno);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return Error{TENON_IO, temporary.string() + ": is being written by another process, expected none"};
  }
  NewFile file(path, std::move(temporary), fd);
  file.is_kept_ = true;
  return file;
}

NewFile::NewFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      is_kept_(other.is_kept_),
      has_failed_(other.has_failed_) {}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  if (!is_kept_ || !has_failed_) unlink(temporary_.c_str());
  close(fd_);
}

Status NewFile::write(std::string_view content) {
  while (!content.empty()) {
    ssize_t written = ::write(fd_, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      has_failed_ = true;
      return io_error(temporary_, errno);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return ok();
}

bool NewFile::read(uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    ssize_t got = pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to = to.subspan(static_cast<size_t>(got)), offset += static_cast<uint64_t>(got);
  }
  return true;
}

Status NewFile::cut(uint64_t size) {
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return io_error(temporary_, errno);
  return lseek(fd_, static_cast<off_t>(size), SEEK_SET) < 0 ? io_error(temporary_, errno) : Status(ok());
}

Status NewFile::commit() {
  if (fsync(fd_) != 0) {
    has_failed_ = true;
    return io_error(temporary_, errno);
  }
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, errno);
  close(std::exchange(fd_, -1));
  std::filesystem::path directory = path_.has_parent_path() ? path_.parent_path() : ".";
  Descriptor folder{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd >= 0) fsync(folder.fd);
  return ok();
}

Status write_file(const std::filesystem::path& path, std::string_view content) {
  TENON_TRY(NewFile file, NewFile::create(path));
  TENON_TRY(file.write(content));
  return file.commit();
}

}  // namespace tenon
