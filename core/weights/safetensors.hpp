// One safetensors file, mapped and checked (format: 8 bytes of header length, a JSON header, the tensors'
// bytes). Every range is proven to lie inside the file before the first tensor is handed out.
#pragma once
#include <tenon/base/mapped_file.hpp>
#include <tenon/weights/dtype.hpp>

#include <map>
#include <memory>
#include <vector>

namespace tenon {

// A tensor in a mapped file. The bytes live as long as the file; they need not be aligned to the element size.
struct StoredTensor {
  DType dtype;
  std::vector<int64_t> shape;  // outermost first
  const std::byte* data;
  uint64_t bytes;
};

class Safetensors {
 public:
  // Fails with TENON_INVALID, naming file, tensor and what was expected, for anything that is not exactly the
  // format: overlaps, holes, trailing bytes, unknown types, sizes that do not match, names given twice.
  static Result<std::unique_ptr<Safetensors>> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const std::map<std::string, StoredTensor, std::less<>>& tensors() const { return tensors_; }

 private:
  explicit Safetensors(MappedFile file) : file_(std::move(file)) {}
  Status read_header();

  MappedFile file_;
  std::map<std::string, StoredTensor, std::less<>> tensors_;
};

// Writes a file that Safetensors::open reads, atomically.
struct TensorToWrite {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  const void* data;  // dense
};
Status write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors);

}  // namespace tenon
