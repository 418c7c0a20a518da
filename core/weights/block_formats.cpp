#include <tenon/weights/block_formats.hpp>

#include <tenon/base/check.hpp>
#include <tenon/weights/convert.hpp>

#include <cmath>
#include <cstring>
#include <utility>

namespace tenon {
namespace {

// The 4-bit codes whose steps grow away from zero.
constexpr int8_t kUnevenSteps[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Twice the values of the OCP type E2M1; the 2 is in d.
constexpr int8_t kE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// Reads a block's fields in the order in which they lie.
class Fields {
 public:
  explicit Fields(const std::byte* at) : at_(reinterpret_cast<const uint8_t*>(at)) {}

  const uint8_t* bytes(int count) { return std::exchange(at_, at_ + count); }
  uint16_t u16() { return read<uint16_t>(); }
  uint32_t u32() { return read<uint32_t>(); }
  float f16() { return float_of_f16(u16()); }

 private:
  template <class Number>
  Number read() {
    Number number;
    std::memcpy(&number, bytes(sizeof number), sizeof number);
    return number;
  }
  const uint8_t* at_;
};

// Codes that are spread over planes of bits: [half] bytes give 2 * half codes, the low nibbles first ...
void take_nibbles(const uint8_t* from, int half, uint8_t* code) {
  for (int i = 0; i < half; ++i) code[i] = from[i] & 15, code[i + half] = from[i] >> 4;
}
// ... 32 bytes give two bits of 128 codes, which are added to the codes at `shift` ...
void add_pairs(const uint8_t* from, int shift, uint8_t* code) {
  for (int i = 0; i < 128; ++i) code[i] |= static_cast<uint8_t>((from[i % 32] >> (i / 32 * 2) & 3) << shift);
}
// ... and 32 bytes give one bit of 256 codes.
void add_bits(const uint8_t* from, int shift, uint8_t* code) {
  for (int i = 0; i < 256; ++i) code[i] |= static_cast<uint8_t>((from[i % 32] >> (i / 32) & 1) << shift);
}

void one_scale(BlockCodes& codes, float d) {
  codes.d = d, codes.m = 0;
  codes.scale[0] = 1, codes.minimum[0] = 0;
}
// As written, such a type adds its minimum.
void one_scale_and_minimum(BlockCodes& codes, Fields& fields) {
  codes.d = fields.f16(), codes.m = -fields.f16();
  codes.scale[0] = 1, codes.minimum[0] = 1;
}

void read_q4_0(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  one_scale(codes, fields.f16());
  take_nibbles(fields.bytes(16), 16, codes.code);
}
void read_q4_1(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  one_scale_and_minimum(codes, fields);
  take_nibbles(fields.bytes(16), 16, codes.code);
}

void add_fifth_bits(uint32_t bits, uint8_t* code) {
  for (int i = 0; i < 32; ++i) code[i] |= static_cast<uint8_t>((bits >> i & 1) << 4);
}
void read_q5_0(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  one_scale(codes, fields.f16());
  uint32_t fifth = fields.u32();
  take_nibbles(fields.bytes(16), 16, codes.code);
  add_fifth_bits(fifth, codes.code);
}
void read_q5_1(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  one_scale_and_minimum(codes, fields);
  uint32_t fifth = fields.u32();
  take_nibbles(fields.bytes(16), 16, codes.code);
  add_fifth_bits(fifth, codes.code);
}

// The file has signed numbers here; codes are unsigned.
void read_q8_0(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  one_scale(codes, fields.f16());
  const uint8_t* from = fields.bytes(32);
  for (int i = 0; i < 32; ++i) codes.code[i] = from[i] ^ 0x80;
}

void read_q2_k(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  const uint8_t* scales = fields.bytes(16);
  for (int s = 0; s < 16; ++s) {
    codes.scale[s] = static_cast<int8_t>(scales[s] & 15);
    codes.minimum[s] = scales[s] >> 4;
  }
  std::memset(codes.code, 0, sizeof codes.code);
  for (int half = 0; half < 2; ++half) add_pairs(fields.bytes(32), 0, codes.code + 128 * half);
  codes.d = fields.f16(), codes.m = fields.f16();
}

void read_q3_k(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  const uint8_t* third_bits = fields.bytes(32);
  std::memset(codes.code, 0, sizeof codes.code);
  for (int half = 0; half < 2; ++half) add_pairs(fields.bytes(32), 0, codes.code + 128 * half);
  add_bits(third_bits, 2, codes.code);
  // Sixteen scales of 6 bits: 4 in a nibble of the first 8 bytes, 2 in the last 4 bytes.
  const uint8_t* scales = fields.bytes(12);
  for (int s = 0; s < 16; ++s) {
    int low = s < 8 ? scales[s] & 15 : scales[s - 8] >> 4;
    int high = scales[8 + s % 4] >> (2 * (s / 4)) & 3;
    codes.scale[s] = static_cast<int8_t>((low | high << 4) - 32), codes.minimum[s] = 0;
  }
  codes.d = fields.f16(), codes.m = 0;
}

// Eight scales and eight minima of 6 bits in 12 bytes: the first four of each are whole, in the low bits; the
// others are a nibble further back and the two bits that the first ones leave.
void read_scales_and_minima(const uint8_t* from, BlockCodes& codes) {
  for (int s = 0; s < 4; ++s) {
    codes.scale[s] = static_cast<int8_t>(from[s] & 63);
    codes.minimum[s] = from[s + 4] & 63;
    codes.scale[s + 4] = static_cast<int8_t>((from[s + 8] & 15) | (from[s] >> 6 << 4));
    codes.minimum[s + 4] = static_cast<uint8_t>((from[s + 8] >> 4) | (from[s + 4] >> 6 << 4));
  }
}
void read_q4_k(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  codes.d = fields.f16(), codes.m = fields.f16();
  read_scales_and_minima(fields.bytes(12), codes);
  for (int part = 0; part < 4; ++part) take_nibbles(fields.bytes(32), 32, codes.code + 64 * part);
}
void read_q5_k(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  codes.d = fields.f16(), codes.m = fields.f16();
  read_scales_and_minima(fields.bytes(12), codes);
  const uint8_t* fifth_bits = fields.bytes(32);
  for (int part = 0; part < 4; ++part) take_nibbles(fields.bytes(32), 32, codes.code + 64 * part);
  add_bits(fifth_bits, 4, codes.code);
}

void read_q6_k(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  for (int half = 0; half < 2; ++half) take_nibbles(fields.bytes(64), 64, codes.code + 128 * half);
  for (int half = 0; half < 2; ++half) add_pairs(fields.bytes(32), 4, codes.code + 128 * half);
  std::memcpy(codes.scale, fields.bytes(16), 16);
  std::memset(codes.minimum, 0, sizeof codes.minimum);
  codes.d = fields.f16(), codes.m = 0;
}

void read_iq4_xs(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  codes.d = fields.f16(), codes.m = 0;
  uint32_t high = fields.u16();
  const uint8_t* low = fields.bytes(4);
  for (int s = 0; s < 8; ++s) {
    uint32_t scale = (low[s / 2] >> (s % 2 * 4) & 15u) | (high >> (2 * s) & 3u) << 4;
    codes.scale[s] = static_cast<int8_t>(static_cast<int>(scale) - 32), codes.minimum[s] = 0;
  }
  for (int part = 0; part < 8; ++part) take_nibbles(fields.bytes(16), 16, codes.code + 32 * part);
}

void read_mxfp4(const std::byte* block, BlockCodes& codes) {
  Fields fields(block);
  int exponent = *fields.bytes(1);
  one_scale(codes, std::ldexp(1.0f, exponent - 128));
  take_nibbles(fields.bytes(16), 16, codes.code);
}

constexpr BlockFormat kFormats[] = {
    {DType::kQ4_0, 32, 8, nullptr, read_q4_0},
    {DType::kQ4_1, 32, 0, nullptr, read_q4_1},
    {DType::kQ5_0, 32, 16, nullptr, read_q5_0},
    {DType::kQ5_1, 32, 0, nullptr, read_q5_1},
    {DType::kQ8_0, 32, 128, nullptr, read_q8_0},
    {DType::kQ2_K, 16, 0, nullptr, read_q2_k},
    {DType::kQ3_K, 16, 4, nullptr, read_q3_k},
    {DType::kQ4_K, 32, 0, nullptr, read_q4_k},
    {DType::kQ5_K, 32, 0, nullptr, read_q5_k},
    {DType::kQ6_K, 16, 32, nullptr, read_q6_k},
    {DType::kIQ4_NL, 32, 0, kUnevenSteps, read_q4_0},
    {DType::kIQ4_XS, 32, 0, kUnevenSteps, read_iq4_xs},
    {DType::kMXFP4, 32, 0, kE2M1, read_mxfp4},
    // Scales are elsewhere.
    {DType::kInt4, 32, 8, nullptr, nullptr},
    {DType::kInt4_32, 32, 8, nullptr, nullptr},
    {DType::kInt8, 32, 128, nullptr, nullptr},
    {DType::kInt8_32, 32, 128, nullptr, nullptr},
    {DType::kUint4_32, 32, 0, nullptr, nullptr},
};

}  // namespace

// Each type's products fit in 24 bits, so they are exact in float32 and the difference alone rounds.
void dequantise_block(const BlockFormat& format, const BlockCodes& codes, float* to) {
  uint32_t elements = block_of(format.type).elements;
  for (uint32_t i = 0; i < elements; ++i) {
    uint32_t s = i / format.span;
    int integer = format.table ? format.table[codes.code[i]] : codes.code[i] - format.zero;
    float minimum = codes.m * static_cast<float>(codes.minimum[s]);
    to[i] = codes.d * static_cast<float>(codes.scale[s]) * static_cast<float>(integer) - minimum;
  }
}

const BlockFormat& block_format_of(DType type) {
  for (const BlockFormat& format : kFormats)
    if (format.type == type) return format;
  TENON_CHECK(false, "dtype {} has no blocks", name_of(type));
}

void dequantise(DType type, const std::byte* blocks, uint64_t elements, float* to) {
  const BlockFormat& format = block_format_of(type);
  TENON_CHECK(format.read, "{} has its scales elsewhere", name_of(type));
  BlockSize size = block_of(type);
  BlockCodes codes;
  for (uint64_t i = 0; i < elements; i += size.elements, blocks += size.bytes) {
    format.read(blocks, codes);
    dequantise_block(format, codes, to + i);
  }
}

}  // namespace tenon
