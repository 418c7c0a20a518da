// Stored numbers as float32, one at a time: for small tensors and for tests. Kernels have their own, wide
// versions.
#pragma once
#include <tenon/weights/tensor_file.hpp>

namespace tenon {

float float_of_bf16(uint16_t bits);
uint16_t bf16_of_float(float value);  // the nearest, ties to even
float float_of_f16(uint16_t bits);
uint16_t f16_of_float(float value);     // the nearest, ties to even; infinity from 65,520 on
float float_of_f8_e4m3(uint8_t bits);   // the "fn" variant (arXiv 2209.05433): 0x7f and 0xff are NaN
uint8_t f8_e4m3_of_float(float value);  // the nearest, ties to even; 448 in magnitude from there on

// All elements, row-major. REQUIRES: is_float(tensor.dtype)
std::vector<float> floats_of(const StoredTensor& tensor);

}  // namespace tenon
