// The key-value pairs at the head of a GGUF file: read once, checked, and handed out by type. Errors name file
// and key. Values stay where they are in the mapped file, so strings and arrays cost nothing until asked for.
#pragma once
#include <tenon/base/byte_reader.hpp>
#include <tenon/sdk/result.hpp>

#include <map>
#include <string>
#include <vector>

namespace tenon {

// By the format's own numbers.
enum class GgufType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kText,
  kArray,
  kU64,
  kI64,
  kF64,
};

// A value as stored: one, or `count` of an array one after another.
struct GgufValue {
  GgufType type;  // of each; never kArray
  bool is_array;
  uint64_t count;
  std::span<const std::byte> bytes;  // a text is its length in 64 bits and its characters
};

class GgufMetadata {
 public:
  // Takes `count` pairs. file: for messages. Fails for what is cut short, keys given twice, unknown types,
  // arrays in arrays, truth values that are neither 0 nor 1, and texts above 16 MiB or arrays above 2^24
  // elements.
  static Result<GgufMetadata> read(ByteReader& reader, uint64_t count, const std::string& file);

  bool has(std::string_view key) const { return values_.contains(key); }

  // Each fails if the key is missing without a fallback, or its value is of another kind or out of range. Whole
  // numbers may be stored in any width. A float32 becomes the shortest decimal that it stands for: 1e-06.
  Result<int64_t> get_int(std::string_view key, int64_t least, int64_t most,
                          std::optional<int64_t> fallback = {}) const;
  Result<double> get_number(std::string_view key, double least, double most,
                            std::optional<double> fallback = {}) const;
  Result<bool> get_bool(std::string_view key, std::optional<bool> fallback = {}) const;
  // UTF-8. Views live as long as the file.
  Result<std::string_view> get_text(std::string_view key, std::optional<std::string_view> fallback = {}) const;
  Result<std::vector<std::string_view>> get_texts(std::string_view key) const;
  Result<std::vector<int64_t>> get_ints(std::string_view key, int64_t least, int64_t most) const;

  // The error for a value that has the right type.
  Error refuse(std::string_view key, const std::string& fact, const std::string& expectation) const;

 private:
  const GgufValue* find(std::string_view key) const;
  Error refuse_kind(std::string_view key, const GgufValue* value, const std::string& expectation) const;

  std::string file_;
  std::map<std::string, GgufValue, std::less<>> values_;
};

}  // namespace tenon
