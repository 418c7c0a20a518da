#include <tenon/weights/convert.hpp>

#include <tenon/base/check.hpp>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tenon {
namespace {

template <class Bits, class Convert>
std::vector<float> convert_all(const StoredTensor& tensor, Convert&& convert) {
  std::vector<float> floats(tensor.bytes / sizeof(Bits));
  for (size_t i = 0; i < floats.size(); ++i) {
    Bits bits;
    std::memcpy(&bits, tensor.data + i * sizeof(Bits), sizeof(Bits));
    floats[i] = convert(bits);
  }
  return floats;
}

}  // namespace

float float_of_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t bf16_of_float(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float float_of_f16(uint16_t bits) {
  // Exponent and mantissa moved into place, then scaled by 2^112, which also makes subnormals right; an
  // exponent of all ones (infinity, NaN) is put back.
  uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13, sign = static_cast<uint32_t>(bits & 0x8000)
                                                                          << 16;
  uint32_t value = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if ((bits & 0x7c00) == 0x7c00) value = magnitude | 0x7f800000;
  return std::bit_cast<float>(value | sign);
}

uint16_t f16_of_float(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 the last place is worth 2^-24; adding 0.5 leaves the rounded count of those in the low bits.
  if (magnitude < 0x38800000) {
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  uint32_t tie = magnitude >> 13 & 1;
  return sign | static_cast<uint16_t>((magnitude - 0x38000000 + 0xfff + tie) >> 13);
}

float float_of_f8_e4m3(uint8_t bits) {
  int exponent = (bits >> 3) & 15, mantissa = bits & 7;
  float magnitude = (bits & 0x7f) == 0x7f ? std::numeric_limits<float>::quiet_NaN()
                    : exponent == 0       ? std::ldexp(static_cast<float>(mantissa), -9)
                                          : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return bits & 0x80 ? -magnitude : magnitude;
}

uint8_t f8_e4m3_of_float(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffff;
  uint8_t sign = static_cast<uint8_t>(bits >> 24 & 0x80);
  if (magnitude > 0x7f800000) return sign | 0x7f;
  if (magnitude >= 0x43e00000) return sign | 0x7e;
  // Below 2^-6 the last place is worth 2^-9; adding 2^14 leaves the rounded count of those in the low bits.
  if (magnitude < 0x3c800000) {
    float shifted = std::bit_cast<float>(magnitude) + 0x1p14f;
    return sign | static_cast<uint8_t>(std::bit_cast<uint32_t>(shifted) - 0x46800000);
  }
  uint32_t tie = magnitude >> 20 & 1;
  return sign | static_cast<uint8_t>((magnitude - 0x3c000000 + 0x7ffff + tie) >> 20);
}

std::vector<float> floats_of(const StoredTensor& tensor) {
  switch (tensor.dtype) {
    case DType::kF32: return convert_all<float>(tensor, [](float value) { return value; });
    case DType::kF16: return convert_all<uint16_t>(tensor, float_of_f16);
    case DType::kBF16: return convert_all<uint16_t>(tensor, float_of_bf16);
    case DType::kF8E4M3: return convert_all<uint8_t>(tensor, float_of_f8_e4m3);
    default: TENON_CHECK(false, "dtype {} is not a float", name_of(tensor.dtype));
  }
}

}  // namespace tenon
