// Element types of stored weights, by the names files and descriptions use.
#pragma once
#include <tenon/abi/tenon_tensor.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace tenon {

enum class DType : uint16_t {
  kF32 = TENON_F32,
  kF16 = TENON_F16,
  kBF16 = TENON_BF16,
  kF8E4M3 = TENON_F8_E4M3,
  kI32 = TENON_I32,
  kI64 = TENON_I64,
  kU8 = TENON_U8,
};

uint64_t bytes_of(DType type);

// As descriptions spell it: "f32", "bf16", "f8_e4m3".
const char* name_of(DType type);
std::optional<DType> find_dtype(std::string_view name);

// As safetensors spells it: "F32", "BF16", "F8_E4M3".
const char* safetensors_name_of(DType type);
std::optional<DType> find_safetensors_dtype(std::string_view name);

// True for types whose values get_values and ops can turn into float32.
bool is_float(DType type);

}  // namespace tenon
