#include <tenon/weights/dtype.hpp>

#include <tenon/base/check.hpp>

namespace tenon {
namespace {

struct Entry {
  DType type;
  uint64_t bytes;
  const char* name;
  const char* safetensors_name;
};

constexpr Entry kTypes[] = {
    {DType::kF32, 4, "f32", "F32"},    {DType::kF16, 2, "f16", "F16"},
    {DType::kBF16, 2, "bf16", "BF16"}, {DType::kF8E4M3, 1, "f8_e4m3", "F8_E4M3"},
    {DType::kI32, 4, "i32", "I32"},    {DType::kI64, 8, "i64", "I64"},
    {DType::kU8, 1, "u8", "U8"},
};

const Entry& entry_of(DType type) {
  for (const Entry& entry : kTypes)
    if (entry.type == type) return entry;
  TENON_CHECK(false, "dtype {} is unknown", static_cast<int>(type));
}

}  // namespace

uint64_t bytes_of(DType type) { return entry_of(type).bytes; }
const char* name_of(DType type) { return entry_of(type).name; }
const char* safetensors_name_of(DType type) { return entry_of(type).safetensors_name; }

std::optional<DType> find_dtype(std::string_view name) {
  for (const Entry& entry : kTypes)
    if (name == entry.name) return entry.type;
  return std::nullopt;
}

std::optional<DType> find_safetensors_dtype(std::string_view name) {
  for (const Entry& entry : kTypes)
    if (name == entry.safetensors_name) return entry.type;
  return std::nullopt;
}

bool is_float(DType type) {
  return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16 || type == DType::kF8E4M3;
}

}  // namespace tenon
