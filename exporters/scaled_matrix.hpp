// Matrices whose scales are tensors of their own: f8_e4m3 in tiles, and integers in groups. What they become in
// a file, and how rows become that. docs/quantize.md has the layouts.
#pragma once
#include <tenon/weights/tensor_writer.hpp>

#include <cstddef>

namespace tenon {

// The tensors that a matrix becomes, in their order in the file: codes, scales, and sometimes its shape.
struct ScaledMatrix {
  DType type = DType::kF8E4M3;  // or kInt4, kInt4_32, kInt8, kInt8_32
  int64_t rows = 0, columns = 0;
  TensorPlan codes, scales;
  std::vector<TensorPlan> shape;  // one, or none

  // Rows that are coded together, since they share scales: 128, or 1.
  int64_t unit_rows() const;
  uint64_t row_bytes() const;   // of codes
  uint64_t unit_bytes() const;  // of scales, for unit_rows() rows
};

// True for types that such a matrix may have.
bool is_scaled(DType type);

// As published checkpoints call and store them: NAME and NAME_scale_inv for f8_e4m3; NAME_packed, NAME_scale
// and NAME_shape, as compressed-tensors has them, for integers. REQUIRES: is_scaled(type), columns are whole
// blocks
ScaledMatrix scaled_matrix(const std::string& name, DType type, int64_t rows, int64_t columns);

// values[count, columns] -> codes[count, row_bytes()], scales[unit_bytes()], and what they stand for,
// decoded[count, columns]. REQUIRES: count <= unit_rows(); values are finite
struct CodedRows {
  const float* values;
  int64_t count;
  std::byte *codes, *scales;
  float* decoded;
};
void encode(const ScaledMatrix& matrix, const CodedRows& rows);

}  // namespace tenon
