// What the ABI's opaque tenon_weight is: where a matrix, or a group of equal ones, is stored and how.
#pragma once
#include <tenon/abi/tenon_weights.h>
#include <tenon/base/aligned_buffer.hpp>
#include <tenon/weights/dtype.hpp>

#include <cstddef>
#include <vector>

namespace tenon {

// Scaled types have one float32 factor per tile of 128 x 128 elements; tiles at the edges may be partial.
inline constexpr int64_t kScaleTile = 128;

// How a matrix lies whose scales are tensors of their own (has_scale_tensors). Codes are unsigned and come in
// words of 32 bits, the first in the low bits.
struct GroupLayout {
  int64_t group = 0;                // inputs that share a scale, in each row; a multiple of the type's block
  DType scale_type = DType::kBF16;  // or f16, f32
  // false: words of a row's inputs, [rows, columns / P] with P = 32 / bits; scales [rows, groups]; zero points,
  // if any, words of a group's rows, [ceil(rows / P), groups]. true: all transposed, but words still go along
  // inputs in codes, and along rows in zero points: [columns / P, rows], [groups, rows], [groups, rows / P].
  bool is_transposed = false;
  uint32_t zero_offset = 0;  // what a stored zero point lacks

  bool operator==(const GroupLayout&) const = default;
};

struct WeightMember {
  // [rows, columns] of the weight's dtype, row-major, any alignment; rows are whole blocks
  const std::byte* data;
  const float* scales;  // [ceil(rows / 128), ceil(columns / 128)], or NULL for types without
  // Where has_scale_tensors(dtype): as GroupLayout says, any alignment. zeros is NULL for all but kUint4_32.
  const std::byte *group_scales = nullptr, *zeros = nullptr;
};

}  // namespace tenon

struct tenon_weight {
  tenon::DType dtype = tenon::DType::kF32;
  tenon::GroupLayout groups;                 // of all members
  int64_t rows = 0, columns = 0;             // out, in: of one member
  std::vector<tenon::WeightMember> members;  // one, or one per expert; empty where only shapes are known
  tenon::AlignedBuffer panels;  // all members again, as pack() of ops/packing.hpp lays them out, or empty
  tenon::AlignedBuffer narrowed;  // where members lie since narrow() of ops/narrowing.hpp, or empty
};
