#include <tenon/ops/dot_bytes.hpp>
#include <tenon/ops/quantised_cpu.hpp>
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

// -- Activations

using i32x8 = int32_t __attribute__((vector_size(32)));
using i32x4 = int32_t __attribute__((vector_size(16)));

// The greatest lane, and the sum of all.
inline i32x4 max_of(i32x4 a, i32x4 b) { return a > b ? a : b; }
inline int32_t max_of(i32x16 v) {
  i32x8 low = lanes<i32x8>(v, 0), high = lanes<i32x8>(v, 1);
  i32x8 eight = low > high ? low : high;
  i32x4 four = max_of(lanes<i32x4>(eight, 0), lanes<i32x4>(eight, 1));
  four = max_of(four, __builtin_shuffle(four, i32x4{2, 3, 0, 1}));
  return max_of(four, __builtin_shuffle(four, i32x4{1, 0, 3, 2}))[0];
}
inline int32_t sum_of(i32x16 v) {
  i32x8 eight = lanes<i32x8>(v, 0) + lanes<i32x8>(v, 1);
  i32x4 four = lanes<i32x4>(eight, 0) + lanes<i32x4>(eight, 1);
  four += __builtin_shuffle(four, i32x4{2, 3, 0, 1});
  return four[0] + four[1];
}

// The bits of magnitudes, which are ordered as the numbers are, with infinity and NaN above all.
inline i32x16 magnitude(const float* x) { return load_bytes<i32x16>(x) & 0x7fffffff; }

// The nearest integers, of magnitudes below 2^22: adding 1.5 * 2^23 leaves them in the low bits.
inline i32x16 nearest(f32x16 v) {
  return reinterpret_cast<i32x16>(v + 12582912.0f) - reinterpret_cast<i32x16>(splat(12582912.0f));
}

// Scales of 16 groups and what their inputs are to be multiplied by; 0 where all bytes are to be 0.
struct Scales {
  float scale[kLanes], inverse[kLanes];
};

Scales scales_of(const float* x, int64_t groups) {
  int32_t bits[kLanes] = {};
  for (int64_t g = 0; g < groups; ++g) {
    i32x16 low = magnitude(x + g * kGroupInputs), high = magnitude(x + g * kGroupInputs + kLanes);
    bits[g] = max_of(low > high ? low : high);
  }
  // Below kLeast the inverse could be infinite; such inputs count as 0. Where 8 bits can stand for nothing, the
  // scale makes the row's results no numbers.
  f32x16 kLevels = splat(127.0f), kLeast = splat(1e-30f), kMost = splat(1e38f), zero{};
  f32x16 most = load_bytes<f32x16>(bits);
  f32x16 scale = most > kLeast ? most / kLevels : zero, inverse = most > kLeast ? kLevels / most : zero;
  Scales scales;
  store(scales.scale, most <= kMost ? scale : splat(__builtin_nanf("")));
  store(scales.inverse, most <= kMost ? inverse : zero);
  return scales;
}

inline void quantise_group(const float* x, float inverse, const PanelLayout& layout, ActivationGroup& to) {
  i32x16 low = nearest(load(x) * inverse), high = nearest(load(x + kLanes) * inverse);
  store_low_bytes(to.word, low), store_low_bytes(to.word + 4, high);
  int32_t sums[2] = {};
  if (layout.spans == 1)
    sums[0] = sum_of(low + high);
  else
    sums[0] = sum_of(low), sums[1] = sum_of(high);
  for (int s = 0; s < 2; ++s) {
    if (layout.has_minima)
      to.minimum[s] = to.scale * static_cast<float>(sums[s]);
    else
      to.start[s] = -layout.zero * sums[s];
  }
}

// One row, whose groups go to to[0], to[stride] ...
void quantise_row(const float* x, int64_t groups, const PanelLayout& layout, ActivationGroup* to,
                  int64_t stride) {
  for (int64_t first = 0; first < groups; first += kLanes) {
    int64_t count = groups - first < kLanes ? groups - first : kLanes;
    Scales scales = scales_of(x, count);
    for (int64_t g = 0; g < count; ++g, x += kGroupInputs, to += stride) {
      *to = {};
      to->scale = scales.scale[g];
      if (scales.inverse[g] != 0) quantise_group(x, scales.inverse[g], layout, *to);
    }
  }
}

// -- Weights

// Of what is multiplied.
constexpr int code_bits(const PanelLayout& layout) {
  return layout.table == CodeTable::kNone ? layout.bits : kCodeTables[static_cast<int>(layout.table)].bits;
}

// Word k of the group whose codes begin at `codes`: 16 features x 4 inputs.
template <int kKind>
inline u32x16 code_word(const std::byte* codes, int k) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  if constexpr (kLayout.bits == 8) return load_bytes<u32x16>(codes + 64 * k);
  u32x16 word{};
  int taken = 0;
  if constexpr (kLayout.bits & 4) {
    word = load_bytes<u32x16>(codes + 64 * (k % 4)) >> (k / 4 * 4) & 0x0f0f0f0fu;
    codes += 4 * 64, taken = 4;
  }
  if constexpr (kLayout.bits & 2) {
    word |= (load_bytes<u32x16>(codes + 64 * (k % 2)) >> (k / 2 * 2) & 0x03030303u) << taken;
    codes += 2 * 64, taken += 2;
  }
  if constexpr (kLayout.bits & 1) word |= (load_bytes<u32x16>(codes) >> k & 0x01010101u) << taken;
  if constexpr (kLayout.table != CodeTable::kNone)
    word = look_up(kCodeTables[static_cast<int>(kLayout.table)].step, word);
  return word;
}

inline f32x16 load_f16(const std::byte* from) { return from_f16(load_bytes<u16x16>(from)); }

// 2^(e - 128); the two least are subnormal.
inline f32x16 load_exponents(const std::byte* from) {
  i32x16 e = from_u8(from);
  return reinterpret_cast<f32x16>(e < 2 ? (e + 1) << 21 : (e - 1) << 23);
}

// Scale and minimum of 16 features for one span.
struct Span {
  f32x16 scale, minimum;
};

// What all groups of a tile share.
template <int kKind>
inline Span head_of(const std::byte* tile) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  if constexpr (kLayout.has_exponents) return {load_exponents(tile), f32x16{}};
  return {load_f16(tile), kLayout.has_minima ? load_f16(tile + 32) : f32x16{}};
}

template <int kKind>
inline Span span_at(const std::byte* scales, Span head, int s) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  if constexpr (kLayout.scale_bytes == 0) return head;
  head.scale *= from_i8(scales + 16 * s);
  if constexpr (kLayout.has_minima) head.minimum *= from_i8(scales + 16 * (kLayout.spans + s));
  return head;
}

// -- Products

// Adds the products of one span: the sums of bytes, scaled, and what the minimum takes off.
template <int kKind>
inline f32x16 add_span(f32x16 total, i32x16 dots, const Span& span, const ActivationGroup& x, int s) {
  total = fma(__builtin_convertvector(dots, f32x16), span.scale * x.scale, total);
  if constexpr (kPanelLayouts[kKind].has_minima) total = fma(-span.minimum, splat(x.minimum[s]), total);
  return total;
}

// What a span's sums of bytes begin with.
template <int kKind>
inline int32_t start_of(const ActivationGroup& x, int s) {
  return kPanelLayouts[kKind].has_minima ? 0 : x.start[s];
}

// Adds one group's products of 16 features and kRows rows to total[kRows]. x: [kRows].
template <int kKind, int kRows>
inline void add_group(const std::byte* scales, Span head, const ActivationGroup* x, f32x16* total) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  constexpr int kWords = 8 / kLayout.spans, kBits = code_bits(kLayout);
  const std::byte* codes = scales + kLayout.scale_bytes;
#pragma GCC unroll 2
  for (int s = 0; s < kLayout.spans; ++s) {
    i32x16 dots[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) dots[r] = i32x16{} + start_of<kKind>(x[r], s);
#pragma GCC unroll 8
    for (int k = s * kWords; k < (s + 1) * kWords; ++k) {
      u32x16 word = code_word<kKind>(codes, k);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) dots[r] = add_dots<kBits>(dots[r], word, x[r].word[k]);
    }
    Span span = span_at<kKind>(scales, head, s);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) total[r] = add_span<kKind>(total[r], dots[r], span, x[r], s);
  }
}

// The memory is the bound for few rows, and what the processor fetches ahead by itself is too little: weights
// are asked for so many bytes before they are needed.
constexpr int64_t kBytesAhead = 4096;

// Calls add(scales, head, g) for each group of a panel, in the order of the inputs.
template <int kKind, class Add>
inline void for_each_group(const PanelArgs& args, int64_t panel, Add&& add) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  int64_t tiles = args.in / (kGroupInputs * kLayout.groups), g = 0;
  const std::byte* tile = args.panels + panel * tiles * kLayout.tile_bytes;
  for (int64_t t = 0; t < tiles; ++t, tile += kLayout.tile_bytes) {
    Span head = head_of<kKind>(tile);
    const std::byte* group = tile + kLayout.head_bytes;
#pragma GCC unroll 64
    for (int i = 0; i < kLayout.tile_bytes; i += 64) __builtin_prefetch(tile + kBytesAhead + i);
    for (int i = 0; i < kLayout.groups; ++i, ++g, group += kLayout.scale_bytes + 64 * kLayout.bits)
      add(group, head, g);
  }
}

// y[r .. r + kRows, 16 features of a panel] = total + bias
template <int kRows>
inline void store_rows(const PanelArgs& args, int64_t panel, int64_t r, const f32x16* total) {
  int64_t first = panel * kPanelRows, count = args.out - first < kPanelRows ? args.out - first : kPanelRows;
  f32x16 bias = args.bias ? load_some(args.bias + first, count) : f32x16{};
  float* y = args.y + r * args.y_stride + first - args.y_first;
  if (count == kPanelRows) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) store(y + i * args.y_stride, total[i] + bias);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    f32x16 row = total[i] + bias;  // a copy, so that the sums themselves can stay in registers
    store_some(y + i * args.y_stride, row, count);
  }
}

// Where rows r and following of x are: in a strip of so many rows, their first group.
struct Strip {
  const ActivationGroup* x;
  int64_t rows;
};
inline Strip strip_at(const PanelArgs& args, int64_t r) {
  int64_t first = r / kStripRows * kStripRows, rows = args.rows - first;
  return {args.x + first * (args.in / kGroupInputs) + (r - first), rows < kStripRows ? rows : kStripRows};
}

// y[r .. r + kRows, 16 features of a panel], all of one strip
template <int kKind, int kRows>
void multiply_tile(const PanelArgs& args, int64_t panel, int64_t r) {
  Strip strip = strip_at(args, r);
  f32x16 total[kRows] = {};
  for_each_group<kKind>(
      args, panel, [&](const std::byte* scales, Span head, int64_t g) __attribute__((always_inline)) {
        add_group<kKind, kRows>(scales, head, strip.x + g * strip.rows, total);
      });
  store_rows<kRows>(args, panel, r, total);
}

// Rows of x per tile at most: as many as there are registers for their sums.
#if defined(__AVX512F__)
constexpr int kRowsMost = 12;
#elif defined(__AVX2__)
constexpr int kRowsMost = 2;
#else
constexpr int kRowsMost = 1;
#endif

// All rows of a panel from r on, which is a multiple of kStripRows, in tiles of kRows and, at the end, of less:
// 12, 10, 8, 6, 4, 2, 1. The rows of an expert then mostly take one tile.
template <int kKind, int kRows>
void multiply_rows(const PanelArgs& args, int64_t panel, int64_t r) {
  for (; r + kRows <= args.rows; r += kRows) multiply_tile<kKind, kRows>(args, panel, r);
  if constexpr (kRows > 1) multiply_rows<kKind, (kRows - 1)>(args, panel, r);
}

template <int kKind>
void multiply(const PanelArgs& args, int64_t begin, int64_t end) {
  for (int64_t panel = begin; panel < end; ++panel) multiply_rows<kKind, kRowsMost>(args, panel, 0);
}

using Multiply = void (*)(const PanelArgs&, int64_t, int64_t);
// By PanelKind.
constexpr Multiply kMultiply[] = {multiply<0>,  multiply<1>,  multiply<2>,  multiply<3>,  multiply<4>,
                                  multiply<5>,  multiply<6>,  multiply<7>,  multiply<8>,  multiply<9>,
                                  multiply<10>, multiply<11>, multiply<12>, multiply<13>, multiply<14>};

}  // namespace

void quantise_rows(const QuantiseArgs& args) noexcept {
  const PanelLayout& layout = kPanelLayouts[static_cast<int>(args.kind)];
  for (int64_t r = 0; r < args.rows; ++r) {
    int64_t first = r / kStripRows * kStripRows;
    int64_t rows = args.rows - first < kStripRows ? args.rows - first : kStripRows;
    quantise_row(args.x + r * args.in, args.in / kGroupInputs, layout,
                 args.to + first * (args.in / kGroupInputs) + (r - first), rows);
  }
}

void quantise_activated(const ActivateArgs& args) noexcept {
  constexpr int64_t kAtOnce = kLanes * kGroupInputs;
  float values[kAtOnce];
  for (int64_t m = 0; m < args.in; m += kAtOnce) {
    int64_t count = args.in - m < kAtOnce ? args.in - m : kAtOnce;
    for (int64_t i = 0; i < count; i += kLanes) {
      f32x16 gate = load(args.gate + m + i);
      store(values + i, gate * sigmoid(gate) * load(args.up + m + i));
    }
    quantise_row(values, count / kGroupInputs, kPanelLayouts[static_cast<int>(args.kind)],
                 args.to + m / kGroupInputs * args.stride, args.stride);
  }
}

void multiply_panels(const PanelArgs& args, int64_t begin, int64_t end) noexcept {
  kMultiply[static_cast<int>(args.kind)](args, begin, end);
}

}  // namespace tenon::TENON_ISA_NAMESPACE
