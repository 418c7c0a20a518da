// One safetensors file, mapped and checked (format: 8 bytes of header length, a JSON header, the tensors'
// bytes). Every range is proven to lie inside the file before the first tensor is handed out.
#pragma once
#include <tenon/weights/tensor_file.hpp>

namespace tenon {

class Safetensors final : public TensorFile {
 public:
  // Fails with TENON_INVALID, naming file, tensor and what was expected, for anything that is not exactly the
  // format: overlaps, holes, trailing bytes, unknown types, sizes that do not match, names given twice.
  static Result<std::unique_ptr<Safetensors>> open(const std::filesystem::path& path);

 private:
  explicit Safetensors(MappedFile file) : TensorFile(std::move(file)) {}
  Status read_header();
};

// Writes a file that Safetensors::open reads, atomically. What is too large for memory goes through
// TensorWriter.
struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  const void* data;  // dense
};
Status write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors);

}  // namespace tenon
