// Floats to the blocks of q8_0, q4_0, q4_k and q6_k.
//
// A span's codes follow from its scale; the scale is found by trying several, and fitting each trial's codes to
// the values by least squares. Large values weigh more, since inputs that meet them matter more on average.
#include <tenon/weights/block_formats.hpp>

#include <tenon/base/check.hpp>
#include <tenon/weights/convert.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon {
namespace {

constexpr int kBlock = 256, kSpans = 16;  // of q4_k and q6_k; q4_k uses 8 spans

int nearest(float value, int low, int high) {
  return static_cast<int>(std::lrint(std::clamp(value, static_cast<float>(low), static_cast<float>(high))));
}

float inverse(float value) { return value == 0 ? 0 : 1 / value; }
float rounded_to_f16(float value) { return float_of_f16(f16_of_float(value)); }

void put_f16(float value, std::byte* to) {
  uint16_t half = f16_of_float(value);
  std::memcpy(to, &half, sizeof half);
}

// [count] weights of the errors of values[count].
void weigh(const float* values, int count, float* weights) {
  float squares = 0;
  for (int i = 0; i < count; ++i) squares += values[i] * values[i];
  float rms = std::sqrt(squares / static_cast<float>(count));
  for (int i = 0; i < count; ++i) weights[i] = rms + std::fabs(values[i]);
}

// The scale with values[i] ~ scale * q[i], q from -levels to levels - 1.
float fit_scale(const float* values, int count, int levels) {
  float weights[32], extreme = 0;
  weigh(values, count, weights);
  for (int i = 0; i < count; ++i)
    if (std::fabs(values[i]) > std::fabs(extreme)) extreme = values[i];
  if (extreme == 0) return 0;
  float best_scale = 0, best_gain = 0;
  // The extreme value at -levels and somewhat before and beyond; the sign follows.
  for (int trial = -9; trial <= 9; ++trial) {
    float inverse_scale = -(static_cast<float>(levels) + 0.1f * static_cast<float>(trial)) / extreme;
    float vq = 0, qq = 0;
    for (int i = 0; i < count; ++i) {
      float q = static_cast<float>(nearest(inverse_scale * values[i], -levels, levels - 1));
      vq += weights[i] * values[i] * q, qq += weights[i] * q * q;
    }
    // The squared error is that of zeros less vq^2 / qq.
    if (qq > 0 && vq * vq > best_gain * qq) best_gain = vq * vq / qq, best_scale = vq / qq;
  }
  return best_scale;
}

struct Line {
  float scale = 0, minimum = 0;  // value ~ scale * q - minimum; both at least 0
};

// The weighted least squares line through (q[i], values[i]); its minimum is not negative.
Line fit_line(const float* values, const float* weights, const uint8_t* q, int count) {
  float w = 0, wq = 0, wqq = 0, wv = 0, wqv = 0;
  for (int i = 0; i < count; ++i) {
    float code = q[i];
    w += weights[i], wq += weights[i] * code, wqq += weights[i] * code * code;
    wv += weights[i] * values[i], wqv += weights[i] * code * values[i];
  }
  float determinant = w * wqq - wq * wq;
  if (determinant <= 0) return {};
  Line line{(w * wqv - wq * wv) / determinant, (wq * wqv - wqq * wv) / determinant};
  if (line.minimum < 0) line = {wqv / wqq, 0};
  if (line.scale < 0) return {};
  return line;
}

float error_of(const Line& line, const float* values, const float* weights, const uint8_t* q, int count) {
  float error = 0;
  for (int i = 0; i < count; ++i) {
    float difference = line.scale * static_cast<float>(q[i]) - line.minimum - values[i];
    error += weights[i] * difference * difference;
  }
  return error;
}

// Codes from 0 to 15.
Line fit_scale_and_minimum(const float* values, int count) {
  float weights[32];
  uint8_t q[32];
  weigh(values, count, weights);
  float low = 0, high = 0;
  for (int i = 0; i < count; ++i) low = std::min(low, values[i]), high = std::max(high, values[i]);
  if (low == high) return {};
  Line best{(high - low) / 15, -low};
  float best_error = HUGE_VALF;
  for (int trial = 0; trial <= 20; ++trial) {
    float inverse_scale = (14.0f + 0.1f * static_cast<float>(trial)) / (high - low);
    for (int i = 0; i < count; ++i)
      q[i] = static_cast<uint8_t>(nearest(inverse_scale * (values[i] - low), 0, 15));
    Line line = fit_line(values, weights, q, count);
    float error = error_of(line, values, weights, q, count);
    if (line.scale > 0 && error < best_error) best_error = error, best = line;
  }
  return best;
}

void quantise_q8_0(const float* values, std::byte* to) {
  float most = 0;
  for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(values[i]));
  float d = rounded_to_f16(most / 127);
  put_f16(d, to);
  for (int i = 0; i < 32; ++i) to[2 + i] = static_cast<std::byte>(nearest(values[i] * inverse(d), -127, 127));
}

void put_nibbles(const uint8_t* codes, int half, std::byte* to) {
  for (int i = 0; i < half; ++i) to[i] = static_cast<std::byte>(codes[i] | codes[i + half] << 4);
}

void quantise_q4_0(const float* values, std::byte* to) {
  float d = rounded_to_f16(fit_scale(values, 32, 8));
  uint8_t codes[32];
  for (int i = 0; i < 32; ++i) codes[i] = static_cast<uint8_t>(nearest(values[i] * inverse(d), -8, 7) + 8);
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

void quantise_q4_k(const float* values, std::byte* to) {
  constexpr int kSpan = 32, kCount = kBlock / kSpan;
  Line lines[kCount];
  float scale_most = 0, minimum_most = 0;
  for (int s = 0; s < kCount; ++s) {
    lines[s] = fit_scale_and_minimum(values + s * kSpan, kSpan);
    scale_most = std::max(scale_most, lines[s].scale), minimum_most = std::max(minimum_most, lines[s].minimum);
  }
  float d = rounded_to_f16(scale_most / 63), m = rounded_to_f16(minimum_most / 63);
  uint8_t scale[kCount], minimum[kCount], codes[kBlock];
  for (int s = 0; s < kCount; ++s) {
    scale[s] = static_cast<uint8_t>(nearest(lines[s].scale * inverse(d), 0, 63));
    minimum[s] = static_cast<uint8_t>(nearest(lines[s].minimum * inverse(m), 0, 63));
    float step = d * static_cast<float>(scale[s]), below = m * static_cast<float>(minimum[s]);
    for (int i = s * kSpan; i < (s + 1) * kSpan; ++i)
      codes[i] = static_cast<uint8_t>(nearest((values[i] + below) * inverse(step), 0, 15));
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

void quantise_q6_k(const float* values, std::byte* to) {
  constexpr int kSpan = 16;
  float scales[kSpans], extreme = 0;
  for (int s = 0; s < kSpans; ++s) {
    scales[s] = fit_scale(values + s * kSpan, kSpan, 32);
    if (std::fabs(scales[s]) > std::fabs(extreme)) extreme = scales[s];
  }
  float d = rounded_to_f16(extreme / -128);
  uint8_t codes[kBlock], low[kBlock];
  for (int s = 0; s < kSpans; ++s) {
    int scale = nearest(scales[s] * inverse(d), -128, 127);
    float step = d * static_cast<float>(scale);
    for (int i = s * kSpan; i < (s + 1) * kSpan; ++i) {
      codes[i] = static_cast<uint8_t>(nearest(values[i] * inverse(step), -32, 31) + 32);
      low[i] = codes[i] & 15;
    }
    to[192 + s] = static_cast<std::byte>(scale);
  }
  for (int half = 0; half < 2; ++half) put_nibbles(low + 128 * half, 64, to + 64 * half);
  for (int half = 0; half < 2; ++half) put_pairs(codes + 128 * half, to + 128 + 32 * half);
  put_f16(d, to + 208);
}

using QuantiseBlock = void (*)(const float* values, std::byte* to);

QuantiseBlock find_quantiser(DType type) {
  switch (type) {
    case DType::kQ8_0: return quantise_q8_0;
    case DType::kQ4_0: return quantise_q4_0;
    case DType::kQ4_K: return quantise_q4_k;
    case DType::kQ6_K: return quantise_q6_k;
    default: return nullptr;
  }
}

}  // namespace

bool can_quantise(DType type) { return find_quantiser(type) != nullptr; }

void quantise(DType type, const float* values, uint64_t elements, std::byte* to) {
  QuantiseBlock quantise_block = find_quantiser(type);
  TENON_CHECK(quantise_block, "{} is only read, not written", name_of(type));
  BlockSize size = block_of(type);
  for (uint64_t i = 0; i < elements; i += size.elements, to += size.bytes) quantise_block(values + i, to);
}

}  // namespace tenon
