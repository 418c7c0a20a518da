// Floats to the blocks of q8_0, q4_0, q4_k and q6_k, to integers in groups, and to f8_e4m3 in tiles.
//
// A span's codes follow from its scale; the scale is found by trying several, and fitting each trial's codes to
// the values by least squares (quantise_cpu.cpp, many spans at once).
#include <tenon/weights/block_formats.hpp>

#include <tenon/base/check.hpp>
#include <tenon/base/isa.hpp>
#include <tenon/weights/convert.hpp>
#include <tenon/weights/quantise_cpu.hpp>
#include <tenon/weights/weight.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon {
namespace {

constexpr int kBlock = 256;                 // of q4_k and q6_k
constexpr uint64_t kAtATime = 64 * kBlock;  // values whose fits are kept at once

float inverse(float value) { return value == 0 ? 0 : 1 / value; }
float rounded_to_f16(float value) { return float_of_f16(f16_of_float(value)); }
int nearest(float value, int low, int high) {
  return static_cast<int>(std::lrint(std::clamp(value, static_cast<float>(low), static_cast<float>(high))));
}

void put_f16(float value, std::byte* to) {
  uint16_t half = f16_of_float(value);
  std::memcpy(to, &half, sizeof half);
}

// The same results whichever is picked.
struct Kernels {
  uint32_t isa = static_cast<uint32_t>(widest_isa());
  decltype(&isa_scalar::fit_scales) fit_scales = TENON_ISA_PICK(isa, fit_scales);
  decltype(&isa_scalar::fit_lines) fit_lines = TENON_ISA_PICK(isa, fit_lines);
  decltype(&isa_scalar::put_codes) put_codes = TENON_ISA_PICK(isa, put_codes);
};
const Kernels& kernels() {
  static const Kernels picked;
  return picked;
}

// What was fitted to the spans of one block.
struct Fit {
  const float *scale, *minimum;
};

void quantise_q8_0(const float* values, const Fit&, std::byte* to) {
  float most = 0;
  for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(values[i]));
  float d = rounded_to_f16(most / 127);
  put_f16(d, to);
  uint8_t codes[32];
  kernels().put_codes({values, 32, 0, inverse(d), -127, 127, codes});
  for (int i = 0; i < 32; ++i) to[2 + i] = static_cast<std::byte>(codes[i] - 127);
}

void put_nibbles(const uint8_t* codes, int half, std::byte* to) {
  for (int i = 0; i < half; ++i) to[i] = static_cast<std::byte>(codes[i] | codes[i + half] << 4);
}

void quantise_q4_0(const float* values, const Fit& fit, std::byte* to) {
  float d = rounded_to_f16(fit.scale[0]);
  uint8_t codes[32];
  kernels().put_codes({values, 32, 0, inverse(d), -8, 7, codes});
  put_f16(d, to);
  put_nibbles(codes, 16, to + 2);
}

// See read_scales_and_minima in block_formats.cpp for the order.
void put_scales_and_minima(const uint8_t* scale, const uint8_t* minimum, std::byte* to) {
  for (int s = 0; s < 4; ++s) {
    to[s] = static_cast<std::byte>(scale[s] | scale[s + 4] >> 4 << 6);
    to[s + 4] = static_cast<std::byte>(minimum[s] | minimum[s + 4] >> 4 << 6);
    to[s + 8] = static_cast<std::byte>((scale[s + 4] & 15) | (minimum[s + 4] & 15) << 4);
  }
}

void quantise_q4_k(const float* values, const Fit& fit, std::byte* to) {
  constexpr int kSpan = 32, kCount = kBlock / kSpan;
  float d = rounded_to_f16(*std::max_element(fit.scale, fit.scale + kCount) / 63);
  float m = rounded_to_f16(*std::max_element(fit.minimum, fit.minimum + kCount) / 63);
  uint8_t scale[kCount], minimum[kCount], codes[kBlock];
  for (int s = 0; s < kCount; ++s) {
    scale[s] = static_cast<uint8_t>(nearest(fit.scale[s] * inverse(d), 0, 63));
    minimum[s] = static_cast<uint8_t>(nearest(fit.minimum[s] * inverse(m), 0, 63));
    float step = d * static_cast<float>(scale[s]), below = m * static_cast<float>(minimum[s]);
    kernels().put_codes({values + s * kSpan, kSpan, below, inverse(step), 0, 15, codes + s * kSpan});
  }
  put_f16(d, to), put_f16(m, to + 2);
  put_scales_and_minima(scale, minimum, to + 4);
  for (int part = 0; part < 4; ++part) put_nibbles(codes + 64 * part, 32, to + 16 + 32 * part);
}

void put_pairs(const uint8_t* codes, std::byte* to) {
  for (int i = 0; i < 32; ++i) {
    int byte = 0;
    for (int part = 0; part < 4; ++part) byte |= codes[32 * part + i] >> 4 << (2 * part);
    to[i] = static_cast<std::byte>(byte);
  }
}

void quantise_q6_k(const float* values, const Fit& fit, std::byte* to) {
  constexpr int kSpan = 16, kCount = kBlock / kSpan;
  float extreme = 0;
  for (int s = 0; s < kCount; ++s)
    if (std::fabs(fit.scale[s]) > std::fabs(extreme)) extreme = fit.scale[s];
  float d = rounded_to_f16(extreme / -128);
  uint8_t codes[kBlock], low[kBlock];
  for (int s = 0; s < kCount; ++s) {
    int scale = nearest(fit.scale[s] * inverse(d), -128, 127);
    float step = d * static_cast<float>(scale);
    kernels().put_codes({values + s * kSpan, kSpan, 0, inverse(step), -32, 31, codes + s * kSpan});
    to[192 + s] = static_cast<std::byte>(scale);
  }
  for (int i = 0; i < kBlock; ++i) low[i] = codes[i] & 15;
  for (int half = 0; half < 2; ++half) put_nibbles(low + 128 * half, 64, to + 64 * half);
  for (int half = 0; half < 2; ++half) put_pairs(codes + 128 * half, to + 128 + 32 * half);
  put_f16(d, to + 208);
}

void fit_nothing(const FitArgs&) {}
void fit_16_levels(const FitArgs& args) { kernels().fit_scales(args, 8); }
void fit_64_levels(const FitArgs& args) { kernels().fit_scales(args, 32); }
void fit_lines(const FitArgs& args) { kernels().fit_lines(args); }

struct Quantiser {
  DType type;
  int span;  // values that are fitted together
  void (*fit)(const FitArgs& args);
  void (*quantise_block)(const float* values, const Fit& fit, std::byte* to);
};

constexpr Quantiser kQuantisers[] = {{DType::kQ8_0, 32, fit_nothing, quantise_q8_0},
                                     {DType::kQ4_0, 32, fit_16_levels, quantise_q4_0},
                                     {DType::kQ4_K, 32, fit_lines, quantise_q4_k},
                                     {DType::kQ6_K, 16, fit_64_levels, quantise_q6_k}};

const Quantiser* find_quantiser(DType type) {
  for (const Quantiser& quantiser : kQuantisers)
    if (quantiser.type == type) return &quantiser;
  return nullptr;
}

}  // namespace

bool can_quantise(DType type) { return find_quantiser(type) != nullptr; }

void quantise(DType type, const float* values, uint64_t elements, std::byte* to) {
  const Quantiser* quantiser = find_quantiser(type);
  TENON_CHECK(quantiser, "{} is only read, not written", name_of(type));
  BlockSize size = block_of(type);
  uint32_t span = static_cast<uint32_t>(quantiser->span);
  float scale[kAtATime / 16], minimum[kAtATime / 16];
  for (uint64_t begin = 0; begin < elements; begin += kAtATime) {
    uint64_t end = std::min(elements, begin + kAtATime);
    quantiser->fit(
        {values + begin, static_cast<int64_t>((end - begin) / span), quantiser->span, scale, minimum});
    for (uint64_t i = begin; i < end; i += size.elements, to += size.bytes) {
      uint64_t first = (i - begin) / span;
      quantiser->quantise_block(values + i, {scale + first, minimum + first}, to);
    }
  }
}

namespace {

constexpr int kSpansAtATime = 64;

void fit_groups(bool has_4_bits, const FitArgs& args) {
  if (has_4_bits) return kernels().fit_scales(args, 8);
  for (int64_t s = 0; s < args.spans; ++s) {
    args.scale[s] = 0;
    for (int i = 0; i < args.length; ++i)
      args.scale[s] = std::max(args.scale[s], std::fabs(args.values[s * args.length + i]) / 127);
  }
}

void put_group(bool has_4_bits, const float* values, int length, float scale, std::byte* to) {
  uint8_t codes[kSpanLengthMax];
  int middle = has_4_bits ? 8 : 128;
  kernels().put_codes({values, length, 0, inverse(scale), -middle, middle - 1, codes});
  if (!has_4_bits) {
    std::memcpy(to, codes, static_cast<size_t>(length));
    return;
  }
  for (int i = 0; i < length; i += 2) to[i / 2] = static_cast<std::byte>(codes[i] | codes[i + 1] << 4);
}

}  // namespace

// Codes are the nearest to what scales make of them once those are rounded.
void quantise_groups(DType type, const float* values, uint64_t elements, std::byte* codes, std::byte* scales) {
  BlockSize size = block_of(type);
  bool has_4_bits = size.bytes < size.elements;
  int length = static_cast<int>(size.elements);
  float fitted[kSpansAtATime];
  for (int64_t left = static_cast<int64_t>(elements) / length, count; left > 0; left -= count) {
    count = std::min<int64_t>(left, kSpansAtATime);
    fit_groups(has_4_bits, {values, count, length, fitted, nullptr});
    for (int64_t s = 0; s < count; ++s, values += length, codes += size.bytes, scales += 2) {
      uint16_t half = bf16_of_float(fitted[s]);
      std::memcpy(scales, &half, sizeof half);
      put_group(has_4_bits, values, length, float_of_bf16(half), codes);
    }
  }
}

void quantise_f8_tiles(const float* values, int64_t rows, int64_t columns, std::byte* codes, float* scales) {
  constexpr float kMost = 448;  // of f8_e4m3
  for (int64_t first = 0; first < columns; first += kScaleTile, ++scales) {
    int64_t end = std::min(first + kScaleTile, columns);
    float most = 0;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t m = first; m < end; ++m) most = std::max(most, std::fabs(values[r * columns + m]));
    *scales = most / kMost > 0 ? most / kMost : 1;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t m = first; m < end; ++m)
        codes[r * columns + m] = static_cast<std::byte>(f8_e4m3_of_float(values[r * columns + m] / *scales));
  }
}

}  // namespace tenon
