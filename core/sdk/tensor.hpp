// Matrices of float32 as the ABI passes them: dense, row-major, not owned.
#pragma once
#include <tenon/abi/tenon_tensor.h>

#include <cstdint>

namespace tenon {

struct Matrix {
  float* data = nullptr;
  int64_t rows = 0, columns = 0;

  Matrix() = default;
  Matrix(float* d, int64_t r, int64_t c) : data(d), rows(r), columns(c) {}
  explicit Matrix(const tenon_tensor& t)
      : data(static_cast<float*>(t.data)), rows(t.shape[0]), columns(t.shape[1]) {}

  float* row(int64_t i) const { return data + i * columns; }
  // Rows [begin, begin + count).
  Matrix slice(int64_t begin, int64_t count) const { return {row(begin), count, columns}; }
};

// The ABI's view of a dense array; unused dimensions are 1.
inline tenon_tensor dense_tensor(void* data, uint16_t dtype, int64_t rows, int64_t columns, int64_t depth = 1) {
  tenon_tensor t{};
  t.data = data;
  t.rank = depth > 1 ? 3 : 2;
  t.dtype = dtype;
  t.device = TENON_DEVICE_CPU;
  t.shape[0] = rows, t.shape[1] = columns, t.shape[2] = depth, t.shape[3] = 1;
  t.stride[0] = columns * depth, t.stride[1] = depth, t.stride[2] = 1, t.stride[3] = 1;
  return t;
}

inline tenon_tensor tensor_of(const Matrix& m) { return dense_tensor(m.data, TENON_F32, m.rows, m.columns); }

}  // namespace tenon
