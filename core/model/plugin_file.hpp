// The file of a plugin before any of it is loaded: is its name a name, is it where it should be, can others
// write it, is it the one that was allowed. What is checked is an open descriptor, and that descriptor is what
// gets loaded, so the file cannot be exchanged in between.
#pragma once
#include <tenon/sdk/result.hpp>

#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace tenon {

// [a-z0-9][a-z0-9_-]{0,63}
inline constexpr const char* kPluginNameRule =
    "up to 64 of a-z, 0-9, _ and -, beginning with a letter or digit";
bool is_plugin_name(std::string_view name);

// "gated" -> "tenon_gated.so", and back; nothing if the file name is not of that form.
std::string plugin_file_name(std::string_view name);
std::optional<std::string> find_plugin_name(std::string_view file_name);

class PluginFile {
 public:
  // Fails, naming file, fact and expectation, unless: name is a plugin name; directory and file belong to root
  // or to this user and are not writable by group or others; the file, links followed, lies in the directory
  // itself.
  static Result<PluginFile> open(const std::filesystem::path& directory, const std::string& name);
  // For the process that probes: a file that another process has opened and checked, by its descriptor_path().
  static Result<PluginFile> adopt(const std::filesystem::path& descriptor_path);
  PluginFile(PluginFile&& other) noexcept;
  PluginFile& operator=(PluginFile&&) = delete;
  ~PluginFile();

  const std::filesystem::path& path() const { return path_; }
  // A path to the open file, valid in this process and its children while this object lives.
  std::string descriptor_path() const;
  // Device and inode: equal for two openings of one file.
  using Identity = std::pair<uint64_t, uint64_t>;
  Identity identity() const;
  // Fails when the file ends before the segments that its ELF headers promise: loading it would be a bus error.
  Status check_whole() const;
  // Of the file's content, 64 lower-case hexadecimal digits.
  Result<std::string> sha256() const;

 private:
  PluginFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::filesystem::path path_;
  int fd_;
};

}  // namespace tenon
