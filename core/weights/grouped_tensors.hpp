// Matrices of small integers whose scales, zero points and so on are tensors of their own, as
// compressed-tensors
// ("pack-quantized") and GPTQ store them. docs/quantize.md draws both layouts.
//
// A matrix that others would keep in NAME, "...up_proj.weight", is found by its neighbours' names:
//
//     NAME_packed, NAME_scale, NAME_shape, NAME_zero_point, NAME_g_idx                   compressed-tensors
//     ...up_proj.qweight, ...scales, ...qzeros, ...g_idx                                 GPTQ
//
// How many bits a code has, and how many inputs share a scale, follow from shapes.
#pragma once
#include <tenon/weights/checkpoint.hpp>
#include <tenon/weights/weight.hpp>

#include <optional>

namespace tenon {

struct GroupedTensors {
  DType dtype;  // has_scale_tensors
  GroupLayout layout;
  WeightMember member;
  std::vector<std::string> names;  // of all its tensors
  uint64_t bytes = 0;              // of all its tensors
};

// How files of GPTQ's first version and its second store zero points: less 1, or as they are.
enum class GptqVersion : uint32_t { kLessOne = 1, kAsTheyAre = 2 };

// The matrix [rows, columns] called `name`; nothing if the checkpoint has no such tensors. Fails, naming the
// tensor, if they do not fit each other, have other than 4 or 8 bits, groups that are not a multiple of 32,
// zero points for 8 bits, or an order of inputs of their own (act-order). A GPTQ matrix whose zero points are
// all in the middle has none. [control]
Result<std::optional<GroupedTensors>> find_grouped_tensors(const Checkpoint& checkpoint,
                                                           const std::string& name, int64_t rows,
                                                           int64_t columns, GptqVersion version);

}  // namespace tenon
