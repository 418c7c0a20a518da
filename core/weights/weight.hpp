// What the ABI's opaque tenon_weight is: where a matrix, or a group of equal ones, is stored and how.
#pragma once
#include <tenon/abi/tenon_weights.h>
#include <tenon/base/aligned_buffer.hpp>
#include <tenon/weights/dtype.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
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

// All members of a weight again, as pack() of ops/packing.hpp lays them out, one after the other: in memory of
// the process, or in a mapped file, which must outlive it.
class Panels {
 public:
  Panels() = default;
  explicit Panels(AlignedBuffer memory) : memory_(std::move(memory)) {}
  explicit Panels(std::span<const std::byte> mapped) : mapped_(mapped) {}

  const std::byte* data() const { return memory_.data() ? memory_.data() : mapped_.data(); }
  uint64_t bytes() const { return memory_.data() ? memory_.bytes() : mapped_.size(); }

 private:
  AlignedBuffer memory_;
  std::span<const std::byte> mapped_;
};

class ExpertCache;

// Of a group whose members are read when they are needed: where they are now. See ops/expert_cache.hpp.
struct CachedGroup {
  ExpertCache* cache = nullptr;
  uint32_t index = 0;                // of the group, in the cache
  bool is_packed = false;            // how all of them are kept
  std::vector<const std::byte*> at;  // by member; NULL while it is not in memory
};

}  // namespace tenon

struct tenon_weight {
  std::string name;  // in the checkpoint, with {expert} for a group of several tensors
  tenon::DType dtype = tenon::DType::kF32;
  tenon::GroupLayout groups;                 // of all members
  int64_t rows = 0, columns = 0;             // out, in: of one member
  std::vector<tenon::WeightMember> members;  // one, or one per expert; empty where only shapes are known
  tenon::Panels panels;                      // or empty, if the members are used as they stand
  tenon::AlignedBuffer narrowed;             // where members lie since narrow() of ops/narrowing.hpp, or empty
  std::unique_ptr<tenon::CachedGroup> cached;  // if members and panels are not to be touched, or NULL

  // Whether products meet the members in their packed form.
  bool is_packed() const { return cached ? cached->is_packed : panels.bytes() > 0; }
};

namespace tenon {

// Where a member's panels are, or, if the weight is not packed, its elements as the file has them.
// REQUIRES: the member is in memory now
inline const std::byte* panels_of(const tenon_weight& weight, size_t member) {
  if (weight.cached) return weight.cached->at[member];
  return weight.panels.data() + member * (weight.panels.bytes() / weight.members.size());
}
inline const std::byte* elements_of(const tenon_weight& weight, size_t member) {
  return weight.cached ? weight.cached->at[member] : weight.members[member].data;
}

}  // namespace tenon
