// Sixteen float32 lanes, the same on every instruction set, for kernels that are compiled once per set.
//
// A file that includes this is compiled several times (CMake: tenon_isa_sources), each time with another
// TENON_ISA_NAMESPACE. Everything here lives in that namespace, since an inline function compiled for AVX-512
// must never be linked into the baseline. For the same reason such a file uses no templates or inline functions
// of the standard library: plain structs and pointers in, plain loops inside.
//
// Lane order and reduction order are fixed, so that a result depends on the data alone.
#pragma once
#ifndef TENON_ISA_NAMESPACE
#error "simd.hpp is for files listed in tenon_isa_sources()"
#endif
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#include <cstdint>

namespace tenon::TENON_ISA_NAMESPACE {

inline constexpr int kLanes = 16;

using f32x16 = float __attribute__((vector_size(64)));
using i32x16 = int32_t __attribute__((vector_size(64)));
using u32x16 = uint32_t __attribute__((vector_size(64)));
using u16x16 = uint16_t __attribute__((vector_size(32)));
using u8x16 = uint8_t __attribute__((vector_size(16)));

inline f32x16 splat(float value) { return value - f32x16{}; }

template <class Vector>
inline Vector load_bytes(const void* from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

inline f32x16 load(const float* from) { return load_bytes<f32x16>(from); }
inline void store(float* to, f32x16 v) { __builtin_memcpy(to, &v, sizeof v); }

// The first `count` lanes; the others are 0 when loaded and left alone when stored.
inline f32x16 load_some(const float* from, int64_t count) {
  f32x16 v{};
  __builtin_memcpy(&v, from, static_cast<uint64_t>(count) * sizeof(float));
  return v;
}
inline void store_some(float* to, f32x16 v, int64_t count) {
  __builtin_memcpy(to, &v, static_cast<uint64_t>(count) * sizeof(float));
}

// a * b + c, rounded once where the instruction set can.
inline f32x16 fma(f32x16 a, f32x16 b, f32x16 c) {
#if defined(__AVX512F__)
  return reinterpret_cast<f32x16>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__FMA__)
  struct Halves {
    __m256 low, high;
  };
  Halves x, y, z;
  __builtin_memcpy(&x, &a, sizeof x);
  __builtin_memcpy(&y, &b, sizeof y);
  __builtin_memcpy(&z, &c, sizeof z);
  Halves r{_mm256_fmadd_ps(x.low, y.low, z.low), _mm256_fmadd_ps(x.high, y.high, z.high)};
  f32x16 v;
  __builtin_memcpy(&v, &r, sizeof v);
  return v;
#else
  return a * b + c;
#endif
}

// Sum of the lanes, always as ((0+8)+(4+12))+... : halves are added until one is left.
inline float sum(f32x16 v) {
  using f32x8 = float __attribute__((vector_size(32)));
  using f32x4 = float __attribute__((vector_size(16)));
  struct {
    f32x8 low, high;
  } eights;
  __builtin_memcpy(&eights, &v, sizeof v);
  f32x8 eight = eights.low + eights.high;
  struct {
    f32x4 low, high;
  } fours;
  __builtin_memcpy(&fours, &eight, sizeof eight);
  f32x4 four = fours.low + fours.high;
  return (four[0] + four[2]) + (four[1] + four[3]);
}

inline float max_lane(f32x16 v) {
  float most = v[0];
  for (int i = 1; i < kLanes; ++i) most = v[i] > most ? v[i] : most;
  return most;
}

// Whether some lane of a comparison's result is true.
inline bool any(i32x16 lanes) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(lanes), reinterpret_cast<__m512i>(lanes)) != 0;
#else
  using i64x8 = int64_t __attribute__((vector_size(64)));
  i64x8 pairs = reinterpret_cast<i64x8>(lanes);
  int64_t all = 0;
  for (int i = 0; i < kLanes / 2; ++i) all |= pairs[i];
  return all != 0;
#endif
}

inline float dot(const float* a, const float* b, int64_t count) {
  f32x16 total{};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) total = fma(load(a + i), load(b + i), total);
  if (i < count) total = fma(load_some(a + i, count - i), load_some(b + i, count - i), total);
  return sum(total);
}

// y += a * x
inline void add_scaled(float* y, float a, const float* x, int64_t count) {
  f32x16 factor = splat(a);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(y + i, fma(factor, load(x + i), load(y + i)));
  if (i < count)
    store_some(y + i, fma(factor, load_some(x + i, count - i), load_some(y + i, count - i)), count - i);
}

// y *= a
inline void scale(float* y, float a, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] *= a;
}

inline f32x16 from_bf16(u16x16 bits) {
  u32x16 wide = __builtin_convertvector(bits, u32x16) << 16;
  return reinterpret_cast<f32x16>(wide);
}

// IEEE half precision.
inline f32x16 from_f16(u16x16 bits) {
#if defined(__AVX512F__)
  // All lanes kept: the unmasked form makes gcc 12 warn of an undefined value inside its own header.
  return reinterpret_cast<f32x16>(_mm512_maskz_cvtph_ps(0xffff, reinterpret_cast<__m256i>(bits)));
#elif defined(__F16C__)
  struct {
    __m128i low, high;
  } in;
  __builtin_memcpy(&in, &bits, sizeof in);
  struct {
    __m256 low, high;
  } out{_mm256_cvtph_ps(in.low), _mm256_cvtph_ps(in.high)};
  f32x16 v;
  __builtin_memcpy(&v, &out, sizeof v);
  return v;
#else
  // Exponent and mantissa moved into place, then scaled by 2^112, which also makes subnormals right; an
  // exponent of all ones (infinity, NaN) is put back.
  u32x16 wide = __builtin_convertvector(bits, u32x16);
  u32x16 magnitude = (wide & 0x7fff) << 13;
  f32x16 scaled = reinterpret_cast<f32x16>(magnitude) * 0x1p112f;
  u32x16 special = static_cast<u32x16>((wide & 0x7c00) == 0x7c00);
  u32x16 value = (reinterpret_cast<u32x16>(scaled) & ~special) | ((magnitude | 0x7f800000u) & special);
  return reinterpret_cast<f32x16>(value | ((wide & 0x8000) << 16));
#endif
}

// E4M3 ("fn"), divided by 256: the caller folds the factor into the scale that such weights have anyway.
// The way leads through half precision, whose exponent is one bit wider. NaN codes (0x7f, 0xff) are not
// recognised.
inline f32x16 from_f8_e4m3_over_256(u8x16 bits) {
  u16x16 wide = __builtin_convertvector(bits, u16x16);
  return from_f16(((wide & 0x80) << 8) | ((wide & 0x7f) << 7));
}

// exp(x) to within 2 units in the last place; 0 below -87.3, 2^127 and more is cut off at x = 88.
inline f32x16 exp(f32x16 x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  f32x16 lowest = splat(-87.3f), highest = splat(88.0f);
  i32x16 under = x < lowest;
  x = x < lowest ? lowest : x;
  x = x > highest ? highest : x;
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
  f32x16 turns = fma(x, splat(kLog2E), splat(12582912.0f)) - 12582912.0f;
  f32x16 r = fma(turns, splat(-kLn2High), x);
  r = fma(turns, splat(-kLn2Low), r);
  // Taylor series of exp(r), |r| <= ln(2) / 2, to the seventh power.
  f32x16 p = splat(1.0f / 5040);
  p = fma(p, r, splat(1.0f / 720));
  p = fma(p, r, splat(1.0f / 120));
  p = fma(p, r, splat(1.0f / 24));
  p = fma(p, r, splat(1.0f / 6));
  p = fma(p, r, splat(0.5f));
  p = fma(p, r, splat(1.0f));
  p = fma(p, r, splat(1.0f));
  i32x16 exponent = (__builtin_convertvector(turns, i32x16) + 127) << 23;
  f32x16 value = p * reinterpret_cast<f32x16>(exponent);
  return reinterpret_cast<f32x16>(reinterpret_cast<i32x16>(value) & ~under);
}

inline f32x16 sigmoid(f32x16 x) { return 1.0f / (1.0f + exp(-x)); }

}  // namespace tenon::TENON_ISA_NAMESPACE
