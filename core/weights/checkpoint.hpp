// A checkpoint: the tensors of one or many files under one set of names.
#pragma once
#include <tenon/weights/tensor_file.hpp>

#include <functional>

namespace tenon {

// Told now and then how far opening has come: files done, files in all. May be empty.
using OpenProgress = std::function<void(uint64_t done, uint64_t total)>;

class Checkpoint {
 public:
  // path: a safetensors file, a GGUF file (*.gguf; of a divided one the first part), or a directory with
  // model.safetensors.index.json or model.safetensors. Shard names in an index must be plain file names; every
  // tensor it lists must be in the shard it names, and none be unlisted.
  static Result<Checkpoint> open(const std::filesystem::path& path, const OpenProgress& progress = {});

  // Returns NULL if there is no such tensor.
  const StoredTensor* find(std::string_view name) const;
  std::vector<std::string> names() const;
  const std::filesystem::path& path() const { return path_; }
  uint64_t bytes() const;  // of all tensors
  std::vector<std::filesystem::path> files() const;
  // Of the files, in the order in which they were opened.
  std::vector<SourceIdentity> sources() const;
  // Which file holds a tensor's bytes, and where; nothing for other memory.
  std::optional<FilePlace> find_place(const std::byte* data) const;

 private:
  Status open_index(const std::filesystem::path& index, const OpenProgress& progress);
  Status open_gguf(const std::filesystem::path& path);
  Status open_safetensors(const std::filesystem::path& path);
  Status add(std::unique_ptr<TensorFile> file);

  std::filesystem::path path_;
  std::vector<std::unique_ptr<TensorFile>> files_;
  std::map<std::string, const StoredTensor*, std::less<>> tensors_;
};

}  // namespace tenon
