#include <tenon/abi/tenon_tensor.h>
#include <tenon/ops/linear_cpu.hpp>
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

constexpr int64_t kScaleTile = 128;

// A stored type: its size, and how sixteen of its elements become float32.
struct F32 {
  static constexpr int64_t kBytes = 4;
  static f32x16 load(const std::byte* from) { return load_bytes<f32x16>(from); }
};
struct F16 {
  static constexpr int64_t kBytes = 2;
  static f32x16 load(const std::byte* from) { return from_f16(load_bytes<u16x16>(from)); }
};
struct BF16 {
  static constexpr int64_t kBytes = 2;
  static f32x16 load(const std::byte* from) { return from_bf16(load_bytes<u16x16>(from)); }
};
struct F8E4M3 {
  static constexpr int64_t kBytes = 1;
  static f32x16 load(const std::byte* from) { return from_f8_e4m3_over_256(load_bytes<u8x16>(from)); }
};

// The factor of element [n, m], with the 256 that from_f8_e4m3_over_256 leaves out.
inline float scale_at(const LinearArgs& args, int64_t n, int64_t m) {
  int64_t tiles = (args.in + kScaleTile - 1) / kScaleTile;
  return 256.0f * args.scales[n / kScaleTile * tiles + m / kScaleTile];
}

// Elements [m, m + count) of weight row n, zeros beyond. count <= 16.
template <class Type>
inline f32x16 weight_lanes(const LinearArgs& args, int64_t n, int64_t m, int64_t count) {
  const std::byte* from = args.weight + (n * args.in + m) * Type::kBytes;
  std::byte padded[kLanes * 4] = {};
  if (count < kLanes) {
    __builtin_memcpy(padded, from, static_cast<uint64_t>(count * Type::kBytes));
    from = padded;
  }
  f32x16 lanes = Type::load(from);
  return Type::kBytes == 1 ? lanes * scale_at(args, n, m) : lanes;
}

// y[r .. r + Rows, n .. n + Outs]: Outs * Rows accumulators stay in registers over the whole of M.
template <class Type, int Outs, int Rows>
void tile(const LinearArgs& args, int64_t n, int64_t r) {
  f32x16 total[Outs][Rows] = {};
  auto accumulate = [&](int64_t m, int64_t count) __attribute__((always_inline)) {
    f32x16 x[Rows];
    for (int j = 0; j < Rows; ++j) {
      const float* from = args.x + (r + j) * args.in + m;
      x[j] = count == kLanes ? load(from) : load_some(from, count);
    }
    for (int i = 0; i < Outs; ++i) {
      f32x16 w = weight_lanes<Type>(args, n + i, m, count);
      for (int j = 0; j < Rows; ++j) total[i][j] = fma(w, x[j], total[i][j]);
    }
  };
  int64_t m = 0;
  for (; m + kLanes <= args.in; m += kLanes) accumulate(m, kLanes);
  if (m < args.in) accumulate(m, args.in - m);
  for (int i = 0; i < Outs; ++i)
    for (int j = 0; j < Rows; ++j)
      args.y[(r + j) * args.y_stride + n + i - args.y_first] =
          sum(total[i][j]) + (args.bias ? args.bias[n + i] : 0.0f);
}

// Rows of x per tile: as many as leave the sums in registers.
#if defined(__AVX512F__)
constexpr int kRows = 6;
#elif defined(__AVX2__)
constexpr int kRows = 2;
#else
constexpr int kRows = 4;
#endif

// So many rows of x meet one tile of the weight after the other, and stay in a second-level cache meanwhile.
constexpr int64_t kRowsAtATime = 8 * kRows;

template <class Type, int Outs>
void some_rows(const LinearArgs& args, int64_t n, int64_t begin, int64_t end) {
  int64_t r = begin;
  for (; r + kRows <= end; r += kRows) tile<Type, Outs, kRows>(args, n, r);
  for (; r + 2 <= end; r += 2) tile<Type, Outs, 2>(args, n, r);
  for (; r < end; ++r) tile<Type, Outs, 1>(args, n, r);
}

template <class Type>
void range(const LinearArgs& args, int64_t begin, int64_t end) {
  for (int64_t r = 0; r < args.rows; r += kRowsAtATime) {
    int64_t r_end = r + kRowsAtATime < args.rows ? r + kRowsAtATime : args.rows;
    int64_t n = begin;
    for (; n + kLinearTile <= end; n += kLinearTile) some_rows<Type, kLinearTile>(args, n, r, r_end);
    for (; n < end; ++n) some_rows<Type, 1>(args, n, r, r_end);
  }
}

template <class Type>
void convert_row(const LinearArgs& args, int64_t index) {
  for (int64_t m = 0; m < args.in; m += kLanes) {
    int64_t count = args.in - m < kLanes ? args.in - m : kLanes;
    store_some(args.y + m, weight_lanes<Type>(args, index, m, count), count);
  }
}

}  // namespace

void linear(const LinearArgs& args, int64_t begin, int64_t end) noexcept {
  switch (args.dtype) {
    case TENON_F32: return range<F32>(args, begin, end);
    case TENON_F16: return range<F16>(args, begin, end);
    case TENON_BF16: return range<BF16>(args, begin, end);
    case TENON_F8_E4M3: return range<F8E4M3>(args, begin, end);
  }
}

void read_row(const LinearArgs& args, int64_t index) noexcept {
  switch (args.dtype) {
    case TENON_F32: return convert_row<F32>(args, index);
    case TENON_F16: return convert_row<F16>(args, index);
    case TENON_BF16: return convert_row<BF16>(args, index);
    case TENON_F8_E4M3: return convert_row<F8E4M3>(args, index);
  }
}

}  // namespace tenon::TENON_ISA_NAMESPACE
