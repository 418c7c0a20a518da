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
  // Types of GGUF files, in blocks of several elements that share scales. The ABI does not know them: plugins
  // hand such weights to ops, and never look inside.
  kQ4_0 = 256,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  // Integers in blocks of 32 or 128 that share a scale; unlike the types above, scales are tensors of their own
  // (grouped_tensors.hpp). kUint4_32 has minima too.
  kInt4 = 512,
  kInt4_32,
  kInt8,
  kInt8_32,
  kUint4_32,
};

// What is stored as a unit. A row consists of whole blocks.
struct BlockSize {
  uint32_t elements,
      bytes;  // elements is 1 for all but types in blocks; bytes are without scales that are tensors
};
BlockSize block_of(DType type);

// Of so many elements. REQUIRES: they are whole blocks, and the result fits
uint64_t bytes_of(DType type, uint64_t elements);

// As descriptions spell it: "f32", "bf16", "f8_e4m3".
const char* name_of(DType type);
std::optional<DType> find_dtype(std::string_view name);

// As safetensors spells it: "F32", "BF16", "F8_E4M3". REQUIRES: block_of(type).elements == 1
const char* safetensors_name_of(DType type);
std::optional<DType> find_safetensors_dtype(std::string_view name);

// The number by which GGUF files name a type. Of those it has, find_gguf_dtype knows what a DType names.
// REQUIRES of gguf_type_of: GGUF has the type
uint32_t gguf_type_of(DType type);
std::optional<DType> find_gguf_dtype(uint32_t number);

// True for plain float types, whose elements stand alone.
bool is_float(DType type);

// True for types in blocks whose scales are tensors of their own.
bool has_scale_tensors(DType type);

// True for what a matrix may be stored as: the float types and those in blocks.
bool is_matrix_type(DType type);

}  // namespace tenon
