#include "simd_kernels.hpp"

#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {

void exp_all(const float* in, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes) store(out + i, exp(load(in + i)));
}

void sigmoid_all(const float* in, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes) store(out + i, sigmoid(load(in + i)));
}

void from_f16_all(const uint16_t* in, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes) store(out + i, from_f16(load_bytes<u16x16>(in + i)));
}

void from_bf16_all(const uint16_t* in, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes) store(out + i, from_bf16(load_bytes<u16x16>(in + i)));
}

void from_f8_all(const uint8_t* in, float* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes)
    store(out + i, 256.0f * from_f8_e4m3_over_256(load_bytes<u8x16>(in + i)));
}

float dot_of(const float* a, const float* b, int64_t count) { return dot(a, b, count); }

void add_scaled_to(float* y, float a, const float* x, int64_t count) { add_scaled(y, a, x, count); }

float max_of_16(const float* values) { return max_lane(load(values)); }

}  // namespace tenon::TENON_ISA_NAMESPACE
