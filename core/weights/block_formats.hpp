// Types in blocks, those of GGUF files above all: what their bytes say, and how floats become such bytes.
//
// A block holds 32 or 256 elements. Each has a small unsigned code; a span of 16 or 32 elements shares a scale
// and a minimum, themselves small integers in units of the block's two factors:
//
//     value[i] = d * scale[i / span] * integer(code[i]) - m * min[i / span]
//
// where integer(code) is code - zero, or an entry of a table for the types whose steps are uneven. All types
// fit this form, so there is one dequantisation, and one place where kernels' layouts come from. Any thread.
#pragma once
#include <tenon/weights/dtype.hpp>

#include <cstddef>

namespace tenon {

inline constexpr uint32_t kBlockElementsMax = 256;

// One block, taken apart.
struct BlockCodes {
  uint8_t code[kBlockElementsMax];
  float d, m;           // half precision in a GGUF file, but for mxfp4, where d is a power of two
  int8_t scale[16];     // per span; 1 where d is the only scale
  uint8_t minimum[16];  // per span; 1 where m is the only minimum, 0 where there are none
};

// What all blocks of a type have in common.
struct BlockFormat {
  DType type;
  uint32_t span;        // elements per scale: 16 or 32
  int32_t zero;         // integer(code) = code - zero, where there is no table
  const int8_t* table;  // [16], or NULL
  // Takes the block_of(type).bytes bytes at `block` apart; beyond its elements, codes are left alone. NULL
  // where scales are tensors of their own: see grouped_tensors.hpp, and weight_blocks.hpp for all types.
  void (*read)(const std::byte* block, BlockCodes& codes);
};

// REQUIRES: block_of(type).elements > 1
const BlockFormat& block_format_of(DType type);

// to[block_of(format.type).elements], to the bit what the formats' own tools make of such a block.
void dequantise_block(const BlockFormat& format, const BlockCodes& codes, float* to);

// to[elements] from whole blocks. Any bytes are accepted, also those that stand for infinities.
// REQUIRES: block_of(type).elements > 1, scales are in the blocks, elements are whole blocks
void dequantise(DType type, const std::byte* blocks, uint64_t elements, float* to);

// The opposite: scales that make the squared error small, found by trying several per span, then the nearest
// codes. REQUIRES: can_quantise(type), elements are whole blocks, values are finite and their magnitudes below
// 2^16
bool can_quantise(DType type);  // q8_0, q4_0, q4_k, q6_k
void quantise(DType type, const float* values, uint64_t elements, std::byte* to);

// The same for kInt4, kInt4_32, kInt8 and kInt8_32: codes in words of 32 bits, the first in the low bits, and
// one scale in bfloat16 per block; that of 4 bits may be negative, since there is one code more below zero than
// above.
void quantise_groups(DType type, const float* values, uint64_t elements, std::byte* codes, std::byte* scales);

// Matrices in f8_e4m3 have one scale per tile of 128 x 128: codes[rows, columns] and scales[ceil(columns /
// 128)] from values[rows, columns]. REQUIRES: rows <= 128, values are finite
void quantise_f8_tiles(const float* values, int64_t rows, int64_t columns, std::byte* codes, float* scales);

}  // namespace tenon
