// What every file of tensors is once it is mapped and checked, whatever its format.
#pragma once
#include <tenon/base/mapped_file.hpp>
#include <tenon/weights/dtype.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

// Of a tensor in any file: ranks above 8 and dimensions above 2^40 are refused.
inline constexpr size_t kTensorRankMax = 8;
inline constexpr int64_t kTensorDimensionMax = int64_t{1} << 40;

// A tensor in a mapped file. The bytes live as long as the file; they need not be aligned to the element size.
struct StoredTensor {
  DType dtype;
  std::vector<int64_t> shape;  // outermost first; a row consists of whole blocks
  const std::byte* data;
  uint64_t bytes;
};

// Where bytes are that a mapping shows.
struct FilePlace {
  const MappedFile* file;
  uint64_t offset;
  size_t number = 0;  // of the file, in its checkpoint
};

// What tells a file from another, or from what it was before: its size, the time when it was last written, and
// a checksum of all that comes before the first tensor's bytes.
struct SourceIdentity {
  uint64_t bytes;
  int64_t changed_ns;
  uint64_t header;
  bool operator==(const SourceIdentity&) const = default;
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

class TensorFile {
 public:
  virtual ~TensorFile() = default;
  TensorFile(const TensorFile&) = delete;

  const std::filesystem::path& path() const { return file_.path(); }
  const StoredTensors& tensors() const { return tensors_; }
  SourceIdentity identity() const;
  // Nothing if the bytes are not this file's.
  std::optional<FilePlace> find_place(const std::byte* data) const;

 protected:
  explicit TensorFile(MappedFile file) : file_(std::move(file)) {}

  MappedFile file_;
  StoredTensors tensors_;
};

// Fails unless the name has 1 to 512 bytes, none of them a control character.
Status check_tensor_name(std::string_view name, const std::string& who);

// What a tensor takes in a file; nothing if 64 bits do not count it, or a row is not whole blocks.
std::optional<uint64_t> checked_bytes(DType type, const std::vector<int64_t>& shape);

}  // namespace tenon
