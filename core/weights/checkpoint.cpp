#include <tenon/weights/checkpoint.hpp>

#include <tenon/base/json.hpp>
#include <tenon/base/text.hpp>
#include <tenon/weights/gguf.hpp>
#include <tenon/weights/safetensors.hpp>

#include <algorithm>
#include <set>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kIndexBytesMax = 64 << 20;
constexpr size_t kShardsMax = 10'000;

// Tensor name -> shard file name.
Result<std::map<std::string, std::string>> read_weight_map(const fs::path& index) {
  TENON_TRY(SortedJson json, read_sorted_json(index, kIndexBytesMax));
  std::string who = index.string();
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    return invalid(who + ": has no weight_map, expected an object of tensor names and file names");
  std::map<std::string, std::string> map;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string()) return invalid(who + ": weight_map: " + printable(tensor) + " must name a file");
    std::string name = file.get<std::string>();
    bool has_control =
        std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    bool plain = !name.empty() && name.size() < 256 && name[0] != '.' && name.find('/') == std::string::npos &&
                 !has_control;
    if (!plain)
      return invalid(who + ": weight_map: " + printable(tensor) + " is in \"" + printable(name) +
                     "\", expected a plain file name beside the index");
    map.emplace(tensor, std::move(name));
  }
  return map;
}

}  // namespace

Result<Checkpoint> Checkpoint::open(const fs::path& path, const OpenProgress& progress) {
  Checkpoint checkpoint;
  checkpoint.path_ = path;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    TENON_TRY(is_gguf(path) ? checkpoint.open_gguf(path) : checkpoint.open_safetensors(path));
    return checkpoint;
  }
  fs::path index = path / "model.safetensors.index.json", single = path / "model.safetensors";
  if (fs::exists(index, ignored)) {
    TENON_TRY(checkpoint.open_index(index, progress));
  } else if (fs::exists(single, ignored)) {
    TENON_TRY(checkpoint.open_safetensors(single));
  } else {
    return invalid(path.string() +
                   ": has no weights, expected model.safetensors or model.safetensors.index.json");
  }
  return checkpoint;
}

Status Checkpoint::open_index(const fs::path& index, const OpenProgress& progress) {
  TENON_TRY(auto map, read_weight_map(index));
  std::set<std::string> shards;
  for (const auto& [tensor, file] : map) shards.insert(file);
  if (shards.size() > kShardsMax) return invalid(index.string() + ": names more than 10000 files");
  uint64_t done = 0;
  for (const std::string& shard : shards) {
    TENON_TRY(open_safetensors(index.parent_path() / shard));
    for (const auto& [tensor, stored] : files_.back()->tensors()) {
      auto listed = map.find(tensor);
      if (listed == map.end() || listed->second != shard)
        return invalid(index.string() + ": does not list " + tensor + " in " + shard + ", but the file has it");
    }
    if (progress) progress(++done, shards.size());
  }
  for (const auto& [tensor, file] : map)
    if (!find(tensor))
      return invalid(index.string() + ": lists " + printable(tensor) + " in " + file + ", but it is not there");
  return ok();
}

Status Checkpoint::open_gguf(const fs::path& path) {
  TENON_TRY(auto files, open_gguf_files(path));
  for (auto& file : files) TENON_TRY(add(std::move(file)));
  return ok();
}

Status Checkpoint::open_safetensors(const fs::path& path) {
  TENON_TRY(auto file, Safetensors::open(path));
  return add(std::move(file));
}

Status Checkpoint::add(std::unique_ptr<TensorFile> file) {
  for (const auto& [name, tensor] : file->tensors())
    if (!tensors_.emplace(name, &tensor).second)
      return invalid(file->path().string() + ": tensor " + name + " is also in another file of the checkpoint");
  files_.push_back(std::move(file));
  return ok();
}

const StoredTensor* Checkpoint::find(std::string_view name) const {
  auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_) names.push_back(name);
  return names;
}

std::vector<fs::path> Checkpoint::files() const {
  std::vector<fs::path> paths;
  for (const auto& file : files_) paths.push_back(file->path());
  return paths;
}

std::vector<SourceIdentity> Checkpoint::sources() const {
  std::vector<SourceIdentity> sources;
  for (const auto& file : files_) sources.push_back(file->identity());
  return sources;
}

std::optional<FilePlace> Checkpoint::find_place(const std::byte* data) const {
  for (size_t i = 0; i < files_.size(); ++i)
    if (auto place = files_[i]->find_place(data)) return FilePlace{place->file, place->offset, i};
  return std::nullopt;
}

uint64_t Checkpoint::bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors_) bytes += tensor->bytes;
  return bytes;
}

}  // namespace tenon
