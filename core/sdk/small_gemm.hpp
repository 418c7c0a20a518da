// Products of small float32 matrices that are in a cache, for kernels that are compiled per instruction set
// (see sdk/simd.hpp): chunks of tokens, tiles of keys.
#pragma once
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {

// A matrix in memory by its two strides, so that a transpose is only a way of looking at it.
struct View {
  const float* data;
  int64_t row_stride, column_stride;
  float at(int64_t row, int64_t column) const { return data[row * row_stride + column * column_stride]; }
  View from_row(int64_t row) const { return {data + row * row_stride, row_stride, column_stride}; }
};

// out[0 .. kRows, 0 .. 16 kVectors] += a[0 .. kRows, 0 .. inner] b[0 .. inner, 0 .. 16 kVectors]
template <int kRows, int kVectors>
void multiply_tile(float* out, int64_t out_stride, View a, const float* b, int64_t b_stride, int64_t inner) {
  f32x16 total[kRows][kVectors];
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) total[r][v] = load(out + r * out_stride + v * kLanes);
  for (int64_t i = 0; i < inner; ++i) {
    f32x16 row[kVectors];
    for (int v = 0; v < kVectors; ++v) row[v] = load(b + i * b_stride + v * kLanes);
    for (int r = 0; r < kRows; ++r) {
      f32x16 factor = splat(a.at(r, i));
      for (int v = 0; v < kVectors; ++v) total[r][v] = fma(factor, row[v], total[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) store(out + r * out_stride + v * kLanes, total[r][v]);
}

template <int kRows, int kVectors>
void multiply_rows(float* out, int64_t out_stride, View a, const float* b, int64_t b_stride, int64_t inner,
                   int64_t columns) {
  int64_t c = 0;
  for (; c + kVectors * kLanes <= columns; c += kVectors * kLanes)
    multiply_tile<kRows, kVectors>(out + c, out_stride, a, b + c, b_stride, inner);
  for (; c < columns; c += kLanes) multiply_tile<kRows, 1>(out + c, out_stride, a, b + c, b_stride, inner);
}

// out[rows, columns] += a[rows, inner] b[inner, columns]; columns is a multiple of 16. Each element is summed
// over `inner` from 0 upwards, whatever the tiling.
inline void multiply_add(float* out, int64_t out_stride, View a, const float* b, int64_t b_stride, int64_t rows,
                         int64_t inner, int64_t columns) {
  int64_t r = 0;
  for (; r + 8 <= rows; r += 8)
    multiply_rows<8, 2>(out + r * out_stride, out_stride, a.from_row(r), b, b_stride, inner, columns);
  for (; r + 4 <= rows; r += 4)
    multiply_rows<4, 4>(out + r * out_stride, out_stride, a.from_row(r), b, b_stride, inner, columns);
  for (; r < rows; ++r)
    multiply_rows<1, 4>(out + r * out_stride, out_stride, a.from_row(r), b, b_stride, inner, columns);
}

// to[j * to_stride + i] = from[i * from_stride + j], for i < rows and j < columns.
inline void transpose(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                      int64_t to_stride) {
  constexpr int64_t kBlock = 16;  // so that what is read and what is written both stay in the first-level cache
  for (int64_t first = 0; first < columns; first += kBlock) {
    int64_t end = first + kBlock < columns ? first + kBlock : columns;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = first; j < end; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

}  // namespace tenon::TENON_ISA_NAMESPACE
