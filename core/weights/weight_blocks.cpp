#include <tenon/weights/weight_blocks.hpp>

#include <tenon/weights/convert.hpp>

#include <cstring>

namespace tenon {
namespace {

template <class Number>
Number number_at(const std::byte* data, int64_t index) {
  Number number;
  std::memcpy(&number, data + index * static_cast<int64_t>(sizeof number), sizeof number);
  return number;
}

float scale_at(const tenon_weight& weight, const WeightMember& member, int64_t row, int64_t group) {
  const GroupLayout& layout = weight.groups;
  int64_t at = layout.is_transposed ? group * weight.rows + row : row * (weight.columns / layout.group) + group;
  switch (layout.scale_type) {
    case DType::kF32: return number_at<float>(member.group_scales, at);
    case DType::kF16: return float_of_f16(number_at<uint16_t>(member.group_scales, at));
    default: return float_of_bf16(number_at<uint16_t>(member.group_scales, at));
  }
}

// Of 4 bits: kUint4_32 alone has zero points.
uint32_t zero_at(const tenon_weight& weight, const WeightMember& member, int64_t row, int64_t group) {
  constexpr int64_t kPerWord = 8;
  const GroupLayout& layout = weight.groups;
  int64_t words = (weight.rows + kPerWord - 1) / kPerWord, groups = weight.columns / layout.group;
  int64_t at = layout.is_transposed ? group * words + row / kPerWord : row / kPerWord * groups + group;
  return (number_at<uint32_t>(member.zeros, at) >> (row % kPerWord * 4) & 15) + layout.zero_offset;
}

// The codes of a word, the lowest bits first.
void put_codes(uint32_t word, int bits, uint8_t* code) {
  if (bits == 8) {
    std::memcpy(code, &word, sizeof word);
    return;
  }
  for (int i = 0; i < 8; ++i) code[i] = static_cast<uint8_t>(word >> (4 * i) & 15);
}

void read_codes(const tenon_weight& weight, const WeightMember& member, int64_t row, int64_t index,
                BlockCodes& codes) {
  BlockSize size = block_of(weight.dtype);
  int bits = static_cast<int>(size.bytes * 8 / size.elements);
  int64_t per_word = 32 / bits, words = size.elements / per_word, first = index * words;
  // From one word of the row to the next.
  int64_t stride = weight.groups.is_transposed ? weight.rows : 1;
  int64_t at =
      weight.groups.is_transposed ? first * weight.rows + row : row * (weight.columns / per_word) + first;
  for (int64_t k = 0; k < words; ++k, at += stride)
    put_codes(number_at<uint32_t>(member.data, at), bits, codes.code + k * per_word);
}

void read_grouped(const tenon_weight& weight, const WeightMember& member, int64_t row, int64_t index,
                  BlockCodes& codes) {
  int64_t group = index * block_of(weight.dtype).elements / weight.groups.group;
  read_codes(weight, member, row, index, codes);
  std::memset(codes.scale, 1, sizeof codes.scale);
  std::memset(codes.minimum, member.zeros ? 1 : 0, sizeof codes.minimum);
  codes.d = scale_at(weight, member, row, group);
  codes.m = member.zeros ? codes.d * static_cast<float>(zero_at(weight, member, row, group)) : 0;
}

}  // namespace

void read_block(const tenon_weight& weight, size_t member, int64_t row, int64_t index, BlockCodes& codes) {
  if (has_scale_tensors(weight.dtype)) return read_grouped(weight, weight.members[member], row, index, codes);
  uint64_t row_bytes = bytes_of(weight.dtype, static_cast<uint64_t>(weight.columns));
  uint64_t at =
      static_cast<uint64_t>(row) * row_bytes + static_cast<uint64_t>(index) * block_of(weight.dtype).bytes;
  block_format_of(weight.dtype).read(elements_of(weight, member) + at, codes);
}

void dequantise_rows(const tenon_weight& weight, size_t member, int64_t first, int64_t count, float* to) {
  const BlockFormat& format = block_format_of(weight.dtype);
  int64_t elements = block_of(weight.dtype).elements, blocks = weight.columns / elements;
  BlockCodes codes;
  for (int64_t row = first; row < first + count; ++row)
    for (int64_t block = 0; block < blocks; ++block, to += elements) {
      read_block(weight, member, row, block, codes);
      dequantise_block(format, codes, to);
    }
}

}  // namespace tenon
