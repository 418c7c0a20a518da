// GGUF files for tests, byte by byte: good ones, and ones that lie about anything.
#pragma once
#include <tenon/base/checked.hpp>
#include <tenon/weights/gguf_metadata.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::testing {

template <class Number>
std::string bytes_of_number(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}
inline std::string gguf_text(std::string_view text) {
  return bytes_of_number(uint64_t{text.size()}) + std::string(text);
}

class GgufFile {
 public:
  // What the header says in place of the truth.
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> tensors_said, pairs_said;
  uint64_t alignment = 32;

  GgufFile& pair(std::string_view key, uint32_t type, const std::string& value) {
    pairs_ += gguf_text(key) + bytes_of_number(type) + value;
    ++pair_count_;
    return *this;
  }
  GgufFile& pair(std::string_view key, GgufType type, const std::string& value) {
    return pair(key, static_cast<uint32_t>(type), value);
  }
  GgufFile& u32(std::string_view key, uint32_t value) {
    return pair(key, GgufType::kU32, bytes_of_number(value));
  }
  GgufFile& f32(std::string_view key, float value) { return pair(key, GgufType::kF32, bytes_of_number(value)); }
  GgufFile& text(std::string_view key, std::string_view value) {
    return pair(key, GgufType::kText, gguf_text(value));
  }
  GgufFile& array(std::string_view key, GgufType type, uint64_t count, const std::string& elements) {
    return pair(key, GgufType::kArray,
                bytes_of_number(static_cast<uint32_t>(type)) + bytes_of_number(count) + elements);
  }
  GgufFile& texts(std::string_view key, const std::vector<std::string>& values) {
    std::string elements;
    for (const std::string& value : values) elements += gguf_text(value);
    return array(key, GgufType::kText, values.size(), elements);
  }

  // A tensor's description alone. Dimensions as the format has them: innermost first.
  GgufFile& describe(std::string_view name, const std::vector<uint64_t>& dimensions, uint32_t type,
                     uint64_t offset) {
    tensors_ += gguf_text(name) + bytes_of_number(static_cast<uint32_t>(dimensions.size()));
    for (uint64_t dimension : dimensions) tensors_ += bytes_of_number(dimension);
    tensors_ += bytes_of_number(type) + bytes_of_number(offset);
    ++tensor_count_;
    return *this;
  }
  // With its bytes, at the next place there is.
  GgufFile& tensor(std::string_view name, const std::vector<uint64_t>& dimensions, uint32_t type,
                   const std::string& bytes) {
    data_.resize(round_up(data_.size(), alignment), '\0');
    describe(name, dimensions, type, data_.size());
    data_ += bytes;
    return *this;
  }
  GgufFile& data(const std::string& bytes) {
    data_ += bytes;
    return *this;
  }

  std::string header() const {
    return magic + bytes_of_number(version) + bytes_of_number(tensors_said.value_or(tensor_count_)) +
           bytes_of_number(pairs_said.value_or(pair_count_)) + pairs_ + tensors_;
  }
  std::string bytes() const {
    std::string head = header();
    head.resize(round_up(head.size(), alignment), '\0');
    return head + data_;
  }

 private:
  std::string pairs_, tensors_, data_;
  uint64_t pair_count_ = 0, tensor_count_ = 0;
};

}  // namespace tenon::testing
