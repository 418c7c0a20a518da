// The functions of sdk/simd.hpp, over whole arrays, for simd_test.cpp.
#pragma once
#include <tenon/sdk/isa.hpp>

#include <cstdint>

namespace tenon {

// in, out: [count], count a multiple of 16.
TENON_ISA_DECLARE(void exp_all(const float* in, float* out, int64_t count));
TENON_ISA_DECLARE(void sigmoid_all(const float* in, float* out, int64_t count));
TENON_ISA_DECLARE(void from_f16_all(const uint16_t* in, float* out, int64_t count));
TENON_ISA_DECLARE(void from_bf16_all(const uint16_t* in, float* out, int64_t count));
TENON_ISA_DECLARE(void from_f8_all(const uint8_t* in, float* out, int64_t count));

// Any count.
TENON_ISA_DECLARE(float dot_of(const float* a, const float* b, int64_t count));
TENON_ISA_DECLARE(void add_scaled_to(float* y, float a, const float* x, int64_t count));
TENON_ISA_DECLARE(float max_of_16(const float* values));

}  // namespace tenon
