#include <tenon/model/plugin_file.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <openssl/evp.h>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "tenon_", kSuffix = ".so";

// Whoever may write a plugin, or exchange it in its directory, may run code as this user.
Status check_ownership(const struct stat& info, const fs::path& path) {
  if (info.st_uid != 0 && info.st_uid != geteuid())
    return invalid(path.string() + ": belongs to user " + std::to_string(info.st_uid) +
                   ", a plugin and its directory must belong to root or to the user who runs it");
  if (info.st_mode & (S_IWGRP | S_IWOTH))
    return invalid(path.string() + ": is writable by " + (info.st_mode & S_IWOTH ? "everyone" : "its group") +
                   ", a plugin and its directory must be writable by their owner alone (chmod go-w)");
  return ok();
}

// Where the links lead must be in the directory itself, not below or beside it.
Result<fs::path> real_path_inside(const fs::path& directory, const std::string& file_name) {
  std::error_code error;
  fs::path path = directory / file_name;
  fs::path real_directory = fs::canonical(directory, error);
  if (error) return io_error(directory, error.value());
  fs::path real = fs::canonical(path, error);
  if (error) return io_error(path, error.value());
  if (real.parent_path() != real_directory)
    return invalid(path.string() + ": leads to " + real.string() + ", a plugin must lie in its directory");
  return real;
}

}  // namespace

bool is_plugin_name(std::string_view name) {
  auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  auto is_later = [&](char c) { return is_first(c) || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 64 && is_first(name[0]) &&
         std::all_of(name.begin(), name.end(), is_later);
}

std::string plugin_file_name(std::string_view name) {
  return std::string(kPrefix) + std::string(name) + std::string(kSuffix);
}

std::optional<std::string> find_plugin_name(std::string_view file_name) {
  if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return std::nullopt;
  if (file_name.size() < kPrefix.size() + kSuffix.size()) return std::nullopt;
  return std::string(file_name.substr(kPrefix.size(), file_name.size() - kPrefix.size() - kSuffix.size()));
}

Result<PluginFile> PluginFile::open(const fs::path& directory, const std::string& name) {
  if (!is_plugin_name(name))
    return invalid("plugin \"" + printable(name, 80) + "\": is not a plugin name, expected " + kPluginNameRule);
  TENON_TRY(fs::path path, real_path_inside(directory, plugin_file_name(name)));
  struct stat info {};
  if (stat(path.parent_path().c_str(), &info) != 0) return io_error(path.parent_path(), errno);
  TENON_TRY(check_ownership(info, path.parent_path()));

  // Not blocking: a pipe would otherwise wait here for its other end.
  int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return io_error(path, errno);
  PluginFile file(path, fd);
  if (fstat(fd, &info) != 0) return io_error(path, errno);
  if (!S_ISREG(info.st_mode)) return invalid(path.string() + ": is not a regular file, as a plugin must be");
  TENON_TRY(check_ownership(info, path));
  return file;
}

Result<PluginFile> PluginFile::adopt(const fs::path& descriptor_path) {
  int fd = ::open(descriptor_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return io_error(descriptor_path, errno);
  std::error_code ignored;
  fs::path target = fs::read_symlink(descriptor_path, ignored);
  return PluginFile(target.empty() ? descriptor_path : target, fd);
}

PluginFile::PluginFile(PluginFile&& other) noexcept : path_(std::move(other.path_)), fd_(other.fd_) {
  other.fd_ = -1;
}

PluginFile::~PluginFile() {
  if (fd_ >= 0) close(fd_);
}

std::string PluginFile::descriptor_path() const {
  // By process id rather than "self": a child that probes the file has another self.
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

PluginFile::Identity PluginFile::identity() const {
  struct stat info {};
  fstat(fd_, &info);
  return {info.st_dev, info.st_ino};
}

Status PluginFile::check_whole() const {
  struct stat info {};
  ElfW(Ehdr) header;
  if (fstat(fd_, &info) != 0) return io_error(path_, errno);
  auto size = static_cast<uint64_t>(info.st_size);
  bool is_elf = pread(fd_, &header, sizeof header, 0) == sizeof header &&
                std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
  if (!is_elf || header.e_phentsize != sizeof(ElfW(Phdr)))
    return ok();  // the dynamic linker says what it is not
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  auto bytes = static_cast<ssize_t>(segments.size() * sizeof(ElfW(Phdr)));
  bool is_cut =
      pread(fd_, segments.data(), static_cast<size_t>(bytes), static_cast<off_t>(header.e_phoff)) != bytes;
  for (const ElfW(Phdr) & segment : segments)
    is_cut |= segment.p_filesz > size || segment.p_offset > size - segment.p_filesz;
  if (is_cut)
    return invalid(path_.string() + ": is cut short, its segments reach beyond its " + std::to_string(size) +
                   " bytes");
  return ok();
}

Result<std::string> PluginFile::sha256() const {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1)
    return Error{TENON_INTERNAL, "SHA-256: is not to be had from libcrypto"};
  std::array<unsigned char, 65536> chunk;
  for (off_t at = 0;;) {
    ssize_t got = pread(fd_, chunk.data(), chunk.size(), at);
    if (got < 0) return io_error(path_, errno);
    if (got == 0) break;
    EVP_DigestUpdate(digest.get(), chunk.data(), static_cast<size_t>(got));
    at += got;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned length = 0;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), &length);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return text;
}

}  // namespace tenon
