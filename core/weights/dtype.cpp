#include <tenon/weights/dtype.hpp>

#include <tenon/base/check.hpp>

namespace tenon {
namespace {

struct Entry {
  DType type;
  BlockSize block;
  const char* name;
  const char* safetensors_name;  // NULL: no tensor of such files has this type
  int gguf_type;                 // -1: such tensors are not in GGUF files
};

constexpr Entry kTypes[] = {
    {DType::kF32, {1, 4}, "f32", "F32", 0},
    {DType::kF16, {1, 2}, "f16", "F16", 1},
    {DType::kBF16, {1, 2}, "bf16", "BF16", 30},
    {DType::kF8E4M3, {1, 1}, "f8_e4m3", "F8_E4M3", -1},
    {DType::kI32, {1, 4}, "i32", "I32", 26},
    {DType::kI64, {1, 8}, "i64", "I64", 27},
    {DType::kU8, {1, 1}, "u8", "U8", -1},
    {DType::kQ4_0, {32, 18}, "q4_0", nullptr, 2},
    {DType::kQ4_1, {32, 20}, "q4_1", nullptr, 3},
    {DType::kQ5_0, {32, 22}, "q5_0", nullptr, 6},
    {DType::kQ5_1, {32, 24}, "q5_1", nullptr, 7},
    {DType::kQ8_0, {32, 34}, "q8_0", nullptr, 8},
    {DType::kQ2_K, {256, 84}, "q2_k", nullptr, 10},
    {DType::kQ3_K, {256, 110}, "q3_k", nullptr, 11},
    {DType::kQ4_K, {256, 144}, "q4_k", nullptr, 12},
    {DType::kQ5_K, {256, 176}, "q5_k", nullptr, 13},
    {DType::kQ6_K, {256, 210}, "q6_k", nullptr, 14},
    {DType::kIQ4_NL, {32, 18}, "iq4_nl", nullptr, 20},
    {DType::kIQ4_XS, {256, 136}, "iq4_xs", nullptr, 23},
    {DType::kMXFP4, {32, 17}, "mxfp4", nullptr, 39},
    {DType::kInt4, {128, 64}, "int4", nullptr, -1},
    {DType::kInt4_32, {32, 16}, "int4_32", nullptr, -1},
    {DType::kInt8, {128, 128}, "int8", nullptr, -1},
    {DType::kInt8_32, {32, 32}, "int8_32", nullptr, -1},
    {DType::kUint4_32, {32, 16}, "uint4_32", nullptr, -1},
};

const Entry& entry_of(DType type) {
  for (const Entry& entry : kTypes)
    if (entry.type == type) return entry;
  TENON_CHECK(false, "dtype {} is unknown", static_cast<int>(type));
}

}  // namespace

BlockSize block_of(DType type) { return entry_of(type).block; }
uint64_t bytes_of(DType type, uint64_t elements) {
  BlockSize block = block_of(type);
  TENON_CHECK(elements % block.elements == 0, "{} elements are not whole blocks", elements);
  return elements / block.elements * block.bytes;
}
const char* name_of(DType type) { return entry_of(type).name; }
const char* safetensors_name_of(DType type) {
  const char* name = entry_of(type).safetensors_name;
  TENON_CHECK(name, "safetensors has no {}", name_of(type));
  return name;
}

std::optional<DType> find_dtype(std::string_view name) {
  for (const Entry& entry : kTypes)
    if (name == entry.name) return entry.type;
  return std::nullopt;
}

std::optional<DType> find_safetensors_dtype(std::string_view name) {
  for (const Entry& entry : kTypes)
    if (entry.safetensors_name && name == entry.safetensors_name) return entry.type;
  return std::nullopt;
}

uint32_t gguf_type_of(DType type) {
  int number = entry_of(type).gguf_type;
  TENON_CHECK(number >= 0, "GGUF has no {}", name_of(type));
  return static_cast<uint32_t>(number);
}

std::optional<DType> find_gguf_dtype(uint32_t number) {
  for (const Entry& entry : kTypes)
    if (entry.gguf_type >= 0 && number == static_cast<uint32_t>(entry.gguf_type)) return entry.type;
  return std::nullopt;
}

bool is_float(DType type) {
  return type == DType::kF32 || type == DType::kF16 || type == DType::kBF16 || type == DType::kF8E4M3;
}

bool has_scale_tensors(DType type) { return type >= DType::kInt4; }

bool is_matrix_type(DType type) { return is_float(type) || block_of(type).elements > 1; }

}  // namespace tenon
