#include <exporters/scaled_matrix.hpp>

#include <tenon/weights/convert.hpp>
#include <tenon/weights/weight_blocks.hpp>

#include <array>

namespace tenon {
namespace {

int64_t tiles_of(int64_t size) { return (size + kScaleTile - 1) / kScaleTile; }

// One lookup per code; each value is asked for many times.
const std::array<float, 256>& f8_values() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> all;
    for (int code = 0; code < 256; ++code)
      all[static_cast<size_t>(code)] = float_of_f8_e4m3(static_cast<uint8_t>(code));
    return all;
  }();
  return values;
}

void encode_f8(const ScaledMatrix& matrix, const CodedRows& rows) {
  auto* scales = reinterpret_cast<float*>(rows.scales);
  quantise_f8_tiles(rows.values, rows.count, matrix.columns, rows.codes, scales);
  for (int64_t i = 0; i < rows.count * matrix.columns; ++i)
    rows.decoded[i] =
        f8_values()[std::to_integer<size_t>(rows.codes[i])] * scales[i % matrix.columns / kScaleTile];
}

// Read back as a model will read them.
void decode_groups(const ScaledMatrix& matrix, const CodedRows& rows) {
  tenon_weight weight;
  weight.dtype = matrix.type, weight.rows = rows.count, weight.columns = matrix.columns;
  weight.groups.group = block_of(matrix.type).elements;
  weight.members.push_back({rows.codes, nullptr, rows.scales});
  dequantise_rows(weight, 0, 0, rows.count, rows.decoded);
}

}  // namespace

int64_t ScaledMatrix::unit_rows() const { return type == DType::kF8E4M3 ? kScaleTile : 1; }

uint64_t ScaledMatrix::row_bytes() const { return bytes_of(type, static_cast<uint64_t>(columns)); }

uint64_t ScaledMatrix::unit_bytes() const {
  if (type == DType::kF8E4M3) return static_cast<uint64_t>(tiles_of(columns)) * sizeof(float);
  return static_cast<uint64_t>(columns) / block_of(type).elements * sizeof(uint16_t);
}

bool is_scaled(DType type) {
  return type == DType::kF8E4M3 || (has_scale_tensors(type) && type != DType::kUint4_32);
}

ScaledMatrix scaled_matrix(const std::string& name, DType type, int64_t rows, int64_t columns) {
  ScaledMatrix matrix{type, rows, columns, {}, {}, {}};
  if (type == DType::kF8E4M3) {
    matrix.codes = {name, type, {rows, columns}};
    matrix.scales = {name + "_scale_inv", DType::kF32, {tiles_of(rows), tiles_of(columns)}};
    return matrix;
  }
  BlockSize block = block_of(type);
  matrix.codes = {name + "_packed", DType::kI32, {rows, columns / block.elements * block.bytes / 4}};
  matrix.scales = {name + "_scale", DType::kBF16, {rows, columns / block.elements}};
  matrix.shape.push_back({name + "_shape", DType::kI64, {2}});
  return matrix;
}

void encode(const ScaledMatrix& matrix, const CodedRows& rows) {
  if (matrix.type == DType::kF8E4M3) return encode_f8(matrix, rows);
  quantise_groups(matrix.type, rows.values, static_cast<uint64_t>(rows.count * matrix.columns), rows.codes,
                  rows.scales);
  decode_groups(matrix, rows);
}

}  // namespace tenon
