// One GGUF file, mapped and checked (format version 3, little-endian: metadata, names and places of tensors,
// then their bytes). Every count, length, type and range is proven to lie inside the file before anything is
// kept because of it.
#pragma once
#include <tenon/weights/gguf_metadata.hpp>
#include <tenon/weights/tensor_file.hpp>

namespace tenon {

class Gguf final : public TensorFile {
 public:
  // Fails with TENON_INVALID, naming file, field and what was expected, for anything that is not the format:
  // what GgufMetadata refuses, tensors that overlap or leave holes, unknown types, rows that are not whole
  // blocks, names given twice. Dimensions are turned round, so that the outermost comes first.
  static Result<std::unique_ptr<Gguf>> open(const std::filesystem::path& path);

  const GgufMetadata& metadata() const { return metadata_; }

 private:
  struct Entry;
  explicit Gguf(MappedFile file) : TensorFile(std::move(file)) {}
  Status read();
  Status place(std::vector<Entry> entries, uint64_t header_bytes);

  GgufMetadata metadata_;
};

// By its name: *.gguf
bool is_gguf(const std::filesystem::path& path);

// The files of a model that is divided into NAME-00001-of-00003.gguf and so on, in order, given the first; or
// just the one where it is not divided.
Result<std::vector<std::unique_ptr<Gguf>>> open_gguf_files(const std::filesystem::path& path);

}  // namespace tenon
