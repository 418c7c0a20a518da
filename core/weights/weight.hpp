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

struct WeightMember {
  // [rows, columns] of the weight's dtype, row-major, any alignment; rows are whole blocks
  const std::byte* data;
  const float* scales;  // [ceil(rows / 128), ceil(columns / 128)], or NULL for types without
};

}  // namespace tenon

struct tenon_weight {
  tenon::DType dtype = tenon::DType::kF32;
  int64_t rows = 0, columns = 0;             // out, in: of one member
  std::vector<tenon::WeightMember> members;  // one, or one per expert; empty where only shapes are known
  tenon::AlignedBuffer panels;  // all members again, as pack() of ops/packing.hpp lays them out, or empty
  tenon::AlignedBuffer narrowed;  // where members lie since narrow() of ops/narrowing.hpp, or empty
};
