#include <exporters/hub_directory.hpp>

#include <tenon/base/file.hpp>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFileBytesMax = 256 << 20;
constexpr const char* kTextFiles[] = {
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
    "LICENSE",
};

Error io_error_of(const fs::path& path, const std::error_code& error) {
  return {TENON_IO, path.string() + ": " + error.message()};
}

}  // namespace

Result<HubDirectory> HubDirectory::create(const fs::path& path) {
  fs::path own = path.lexically_normal();
  if (!own.has_filename()) own = own.parent_path();
  std::error_code error;
  if (fs::exists(own, error) && !fs::is_empty(own, error))
    return invalid(own.string() + ": is there already, expected a new name or an empty directory");
  fs::path temporary = own.parent_path() / ("." + own.filename().string() + ".part");
  bool is_own = fs::create_directory(temporary, error);
  if (error) return io_error_of(temporary, error);
  return HubDirectory(std::move(own), std::move(temporary), is_own);
}

HubDirectory::HubDirectory(fs::path path, fs::path temporary, bool is_own)
    : path_(std::move(path)), temporary_(std::move(temporary)), is_own_(is_own) {}

HubDirectory::HubDirectory(HubDirectory&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})), is_own_(other.is_own_) {}

HubDirectory::~HubDirectory() {
  std::error_code ignored;
  if (temporary_.empty()) return;
  if (is_own_)
    fs::remove_all(temporary_, ignored);
  else
    fs::remove(temporary_, ignored);  // if nothing is in it
}

Status HubDirectory::write_config(const Json& config) {
  return write_file(temporary_ / "config.json", config.dump(2) + "\n");
}

Status HubDirectory::copy_text_files(const fs::path& from) {
  for (const char* name : kTextFiles) {
    std::error_code ignored;
    if (!fs::exists(from / name, ignored)) continue;
    TENON_TRY(std::string content, read_file(from / name, kFileBytesMax));
    TENON_TRY(write_file(temporary_ / name, content));
  }
  return ok();
}

Status HubDirectory::commit() {
  // What processes that were killed have left, under names of their own.
  std::error_code ignored;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(temporary_, ignored))
    if (entry.path().filename().string().starts_with('.')) left.push_back(entry.path());
  for (const fs::path& path : left) fs::remove(path, ignored);
  // Over an empty directory, this replaces it.
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error(path_, errno);
  temporary_.clear();
  return ok();
}

}  // namespace tenon
