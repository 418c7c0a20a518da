// Writes files of tensors piece by piece, so that memory stays small whatever their size; and atomically, under
// a temporary name until finish().
#pragma once
#include <tenon/base/file.hpp>
#include <tenon/base/hash.hpp>
#include <tenon/weights/dtype.hpp>
#include <tenon/weights/gguf_metadata.hpp>

#include <span>
#include <string>
#include <vector>

namespace tenon {

struct TensorPlan {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape;  // outermost first; rows of whole blocks
};

// The metadata of a GGUF file in the making. Keys must differ.
class GgufPairs {
 public:
  void add(std::string_view key, uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, const std::vector<std::string>& values);
  void add(std::string_view key, const std::vector<int32_t>& values);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void add_key(std::string_view key, GgufType type);

  std::string bytes_;
  uint64_t count_ = 0;
};

// Some consecutive tensors of a file, once they are written.
struct WrittenPart {
  uint64_t end;   // byte of the file
  uint64_t hash;  // of its bytes, from the end of the part before
};

class TensorWriter {
 public:
  // Whether a file that is not finished can be found and gone on with by another process.
  enum class Kept { kNo, kYes };

  // Each begins a file with all that comes before the first tensor's bytes.
  static Result<TensorWriter> safetensors(const std::filesystem::path& path, std::vector<TensorPlan> plan,
                                          Kept kept = Kept::kNo);
  static Result<TensorWriter> gguf(const std::filesystem::path& path, const GgufPairs& pairs,
                                   std::vector<TensorPlan> plan, Kept kept = Kept::kNo);

  // Goes on after those of `parts`, from the first on, that an earlier process has left as they were then;
  // returns how many. Reads them all. Nothing else of what it left is used. REQUIRES: nothing is written yet
  Result<size_t> go_on(std::span<const WrittenPart> parts);
  // Ends a part, the next begins. REQUIRES: the last tensor written is whole
  WrittenPart end_part();
  // What the file begins with, plan included.
  uint64_t header_hash() const;

  // The next bytes of the tensor whose turn it is, in the order of the plan; its last byte ends it.
  // REQUIRES: they do not go beyond that tensor
  Status write(std::span<const std::byte> bytes);
  // REQUIRES: every tensor is written
  Status finish();

 private:
  static Result<TensorWriter> begin(const std::filesystem::path& path, std::vector<TensorPlan> plan,
                                    std::string header, uint64_t alignment, Kept kept);
  TensorWriter(NewFile file, std::vector<TensorPlan> plan, std::string header, uint64_t alignment);
  void begin_tensor();
  bool is_as_written(uint64_t begin, const WrittenPart& part) const;
  Status write_bytes(std::string_view bytes);

  NewFile file_;
  std::vector<TensorPlan> plan_;
  std::string header_;
  uint64_t alignment_;
  bool is_begun_ = false;  // whether the header is written, which comes with the first bytes
  uint64_t at_;            // byte of the file
  Hash64 hash_;            // of the part at hand
  size_t next_ = 0;        // of the plan
  uint64_t left_ = 0;      // bytes of that tensor
  uint64_t padding_ = 0;   // before the tensor after it
};

}  // namespace tenon
