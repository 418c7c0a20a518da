#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tenon {
namespace {

// Closes on every way out.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

Status write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error(path, errno);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) return io_error(path, errno);
  return ok();
}

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

Status write_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::path temporary =
      directory / ("." + path.filename().string() + ".tmp-" + std::to_string(getpid()));
  {
    unlink(temporary.c_str());  // left by a process of the same number; never written through, it may be a link
    Descriptor file{open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
    if (file.fd < 0) return io_error(temporary, errno);
    if (Status written = write_all(file.fd, content, temporary); !written.ok()) {
      unlink(temporary.c_str());
      return written;
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    int error_number = errno;
    unlink(temporary.c_str());
    return io_error(path, error_number);
  }
  Descriptor folder{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd >= 0) fsync(folder.fd);
  return ok();
}

}  // namespace tenon
