// The integer instructions of quantised products, the same numbers on every instruction set.
// For files that are compiled per instruction set, see sdk/simd.hpp.
#pragma once
#include <tenon/sdk/simd.hpp>

#include <cstddef>

namespace tenon::TENON_ISA_NAMESPACE {

// The i-th part of a vector.
template <class Part, class Vector>
inline Part lanes(Vector v, int i) {
  Part parts[sizeof v / sizeof(Part)];
  __builtin_memcpy(parts, &v, sizeof v);
  return parts[i];
}

#if defined(__AVX2__)
struct IntegerHalves {
  __m256i low, high;
};
template <class Vector>
inline IntegerHalves halves_of(Vector v) {
  IntegerHalves halves;
  __builtin_memcpy(&halves, &v, sizeof v);
  return halves;
}
#endif

// total[o] + the sum over i of byte i of codes[o], unsigned, times byte i of x, signed. Codes are below
// 2^kBits.
#if defined(__AVX512VNNI__)

template <int kBits>
inline i32x16 add_dots(i32x16 total, u32x16 codes, const uint32_t& x) {
  // The compiler would load x into a register of its own first, which costs as much again as the product.
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(total) : "v"(codes), "m"(x));
  return total;
}

#elif defined(__AVX512BW__)

template <int kBits>
inline i32x16 add_dots(i32x16 total, u32x16 codes, uint32_t x) {
  __m512i sum = reinterpret_cast<__m512i>(total), w = reinterpret_cast<__m512i>(codes);
  __m512i v = _mm512_set1_epi32(static_cast<int>(x));
  if constexpr (kBits < 8) {
    __m512i pairs = _mm512_maddubs_epi16(w, v);  // at most 2 * 63 * 127 in magnitude
    return reinterpret_cast<i32x16>(_mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1))));
  }
  // Pairs of products of 8 bits do not fit in 16, so even and odd bytes go their own way.
  __m512i even = _mm512_and_si512(w, _mm512_set1_epi16(255)), odd = _mm512_srli_epi16(w, 8);
  __m512i even_x = _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8), odd_x = _mm512_srai_epi16(v, 8);
  sum = _mm512_add_epi32(sum, _mm512_madd_epi16(even, even_x));
  return reinterpret_cast<i32x16>(_mm512_add_epi32(sum, _mm512_madd_epi16(odd, odd_x)));
}

#elif defined(__AVX2__)

template <int kBits>
inline __m256i add_dots(__m256i sum, __m256i w, __m256i v) {
  if constexpr (kBits < 8) {
    __m256i pairs = _mm256_maddubs_epi16(w, v);  // at most 2 * 63 * 127 in magnitude
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  // Pairs of products of 8 bits do not fit in 16, so even and odd bytes go their own way.
  __m256i even = _mm256_and_si256(w, _mm256_set1_epi16(255)), odd = _mm256_srli_epi16(w, 8);
  __m256i even_x = _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), odd_x = _mm256_srai_epi16(v, 8);
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even, even_x));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(odd, odd_x));
}

template <int kBits>
inline i32x16 add_dots(i32x16 total, u32x16 codes, uint32_t x) {
  IntegerHalves sum = halves_of(total), w = halves_of(codes);
  __m256i v = _mm256_set1_epi32(static_cast<int>(x));
  IntegerHalves added{add_dots<kBits>(sum.low, w.low, v), add_dots<kBits>(sum.high, w.high, v)};
  i32x16 result;
  __builtin_memcpy(&result, &added, sizeof result);
  return result;
}

#else

template <int kBits>
inline i32x16 add_dots(i32x16 total, u32x16 codes, uint32_t x) {
  int32_t sums[kLanes];
  uint32_t words[kLanes];
  __builtin_memcpy(sums, &total, sizeof sums);
  __builtin_memcpy(words, &codes, sizeof words);
#pragma GCC unroll 1
  for (int o = 0; o < kLanes; ++o)
    for (int i = 0; i < 32; i += 8)
      sums[o] += static_cast<int32_t>(words[o] >> i & 255) * static_cast<int8_t>(x >> i);
  return load_bytes<i32x16>(sums);
}

#endif

// Sixteen signed bytes as float32.
inline f32x16 from_i8(const std::byte* from) {
#if defined(__AVX512BW__)
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return __builtin_convertvector(reinterpret_cast<i32x16>(_mm512_maskz_cvtepi8_epi32(0xffff, bytes)), f32x16);
#else
  f32x16 values;
  for (int i = 0; i < kLanes; ++i) values[i] = static_cast<int8_t>(from[i]);
  return values;
#endif
}

// Sixteen unsigned bytes.
inline i32x16 from_u8(const std::byte* from) {
#if defined(__AVX512BW__)
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return reinterpret_cast<i32x16>(_mm512_maskz_cvtepu8_epi32(0xffff, bytes));
#else
  return __builtin_convertvector(load_bytes<u8x16>(from), i32x16);
#endif
}

// The low byte of each lane.
inline void store_low_bytes(void* to, i32x16 v) {
#if defined(__AVX512BW__)
  _mm_storeu_si128(static_cast<__m128i*>(to), _mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(v)));
#else
  auto* bytes = static_cast<int8_t*>(to);
  for (int i = 0; i < kLanes; ++i) bytes[i] = static_cast<int8_t>(v[i]);
#endif
}

// table[each byte of indices], which are below 16.
inline u32x16 look_up(const uint8_t* table, u32x16 indices) {
#if defined(__AVX512BW__)
  // All lanes kept: the unmasked form makes gcc 12 warn of an undefined value inside its own header.
  __m128i narrow = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  __m512i wide = _mm512_maskz_broadcast_i32x4(0xffff, narrow);
  return reinterpret_cast<u32x16>(_mm512_shuffle_epi8(wide, reinterpret_cast<__m512i>(indices)));
#elif defined(__AVX2__)
  IntegerHalves at = halves_of(indices);
  __m256i wide = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  IntegerHalves found{_mm256_shuffle_epi8(wide, at.low), _mm256_shuffle_epi8(wide, at.high)};
  u32x16 result;
  __builtin_memcpy(&result, &found, sizeof result);
  return result;
#else
  uint8_t bytes[64];
  __builtin_memcpy(bytes, &indices, sizeof bytes);
  for (uint8_t& byte : bytes) byte = table[byte];
  return load_bytes<u32x16>(bytes);
#endif
}

}  // namespace tenon::TENON_ISA_NAMESPACE
