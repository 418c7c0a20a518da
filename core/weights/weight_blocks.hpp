// A weight in blocks, block by block, wherever its scales are: in the blocks, or in tensors of their own. Any
// thread.
#pragma once
#include <tenon/weights/block_formats.hpp>
#include <tenon/weights/weight.hpp>

namespace tenon {

// Takes block `index` of a row apart; beyond its elements, codes are left alone.
// REQUIRES: weight.dtype is in blocks; there is such a member, row and block
void read_block(const tenon_weight& weight, size_t member, int64_t row, int64_t index, BlockCodes& codes);

// to[count, columns] = rows [first, first + count), to the bit what the layouts' own tools make of them.
// REQUIRES: weight.dtype is in blocks; there are such rows
void dequantise_rows(const tenon_weight& weight, size_t member, int64_t first, int64_t count, float* to);

}  // namespace tenon
