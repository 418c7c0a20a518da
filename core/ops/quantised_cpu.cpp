#include <tenon/ops/dot_bytes.hpp>
#include <tenon/ops/quantised_cpu.hpp>
#include <tenon/sdk/simd.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

// -- Activations

// The greatest magnitude; not a number if a lane is none, whose bits are above those of infinity.
inline float greatest_magnitude(f32x16 low, f32x16 high) {
  using i32x8 = int32_t __attribute__((vector_size(32)));
  using i32x4 = int32_t __attribute__((vector_size(16)));
  i32x16 a = reinterpret_cast<i32x16>(low) & 0x7fffffff, b = reinterpret_cast<i32x16>(high) & 0x7fffffff;
  i32x16 most = a > b ? a : b;
  struct {
    i32x8 low, high;
  } eights;
  __builtin_memcpy(&eights, &most, sizeof most);
  i32x8 eight = eights.low > eights.high ? eights.low : eights.high;
  struct {
    i32x4 low, high;
  } fours;
  __builtin_memcpy(&fours, &eight, sizeof eight);
  i32x4 four = fours.low > fours.high ? fours.low : fours.high;
  int32_t even = four[0] > four[2] ? four[0] : four[2], odd = four[1] > four[3] ? four[1] : four[3];
  int32_t bits = even > odd ? even : odd;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// The nearest integers, of magnitudes below 2^22: adding 1.5 * 2^23 leaves them in the low bits.
inline i32x16 nearest(f32x16 v) {
  return reinterpret_cast<i32x16>(v + 12582912.0f) - reinterpret_cast<i32x16>(splat(12582912.0f));
}

// Sums of small integers are exact in any order, in float32 too.
inline float sum_of(i32x16 v) { return sum(__builtin_convertvector(v, f32x16)); }

void quantise_group(const float* x, const PanelLayout& layout, ActivationGroup& to) {
  constexpr float kLevels = 127.0f, kLeast = 1e-30f, kMost = 1e38f;
  f32x16 low = load(x), high = load(x + kLanes);
  float most = greatest_magnitude(low, high);
  // Below kLeast the inverse could be infinite; such inputs count as 0. Where 8 bits can stand for nothing, the
  // scale makes the row's results no numbers.
  float inverse = most > kLeast ? kLevels / most : 0.0f;
  to.scale = most > kLeast ? most / kLevels : 0.0f;
  if (!(most <= kMost)) low = high = f32x16{}, inverse = 0, to.scale = __builtin_nanf("");
  i32x16 q[2] = {nearest(low * inverse), nearest(high * inverse)};
  store_low_bytes(to.word, q[0]), store_low_bytes(to.word + 4, q[1]);
  float sums[2] = {sum_of(q[0]), sum_of(q[1])};
  if (layout.spans == 1) sums[0] += sums[1], sums[1] = 0;
  for (int s = 0; s < 2; ++s) {
    if (layout.has_minima)
      to.minimum[s] = to.scale * sums[s];
    else
      to.start[s] = -layout.zero * static_cast<int32_t>(sums[s]);
  }
}

// -- Weights

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
  if constexpr (kLayout.is_table) word = look_up(kUnevenCodes, word);
  return word;
}

inline f32x16 load_f16(const std::byte* from) { return from_f16(load_bytes<u16x16>(from)); }

// Scale and minimum of 16 features for one span.
struct Span {
  f32x16 scale, minimum;
};

template <int kKind>
inline Span span_at(const std::byte* scales, Span head, int s) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  if constexpr (kLayout.scale_bytes == 0) return head;
  head.scale *= from_i8(scales + 16 * s);
  if constexpr (kLayout.has_minima) head.minimum *= from_i8(scales + 16 * (kLayout.spans + s));
  return head;
}

// -- Products

// Adds one group's products of 16 features and kRows rows to total[kRows]. `stride`: groups from row to row of
// x.
template <int kKind, int kRows>
inline void add_group(const std::byte* scales, Span head, const ActivationGroup* x, int64_t stride,
                      f32x16* total) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  constexpr int kWords = 8 / kLayout.spans, kBits = kLayout.is_table ? 8 : kLayout.bits;
  const std::byte* codes = scales + kLayout.scale_bytes;
#pragma GCC unroll 2
  for (int s = 0; s < kLayout.spans; ++s) {
    i32x16 dots[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) dots[r] = i32x16{} + (kLayout.has_minima ? 0 : x[r * stride].start[s]);
#pragma GCC unroll 8
    for (int k = s * kWords; k < (s + 1) * kWords; ++k) {
      u32x16 word = code_word<kKind>(codes, k);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) dots[r] = add_dots<kBits>(dots[r], word, x[r * stride].word[k]);
    }
    Span span = span_at<kKind>(scales, head, s);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      f32x16 product = __builtin_convertvector(dots[r], f32x16);
      total[r] = fma(product, span.scale * x[r * stride].scale, total[r]);
      if constexpr (kLayout.has_minima)
        total[r] = fma(-span.minimum, splat(x[r * stride].minimum[s]), total[r]);
    }
  }
}

// y[r .. r + kRows, 16 features of a panel]
template <int kKind, int kRows>
void multiply_tile(const PanelArgs& args, int64_t panel, int64_t r) {
  constexpr PanelLayout kLayout = kPanelLayouts[kKind];
  int64_t groups = args.in / kGroupInputs, tiles = groups / kLayout.groups;
  const std::byte* tile = args.panels + panel * tiles * kLayout.tile_bytes;
  const ActivationGroup* x = args.x + r * groups;
  f32x16 total[kRows] = {};
  for (int64_t t = 0; t < tiles; ++t, tile += kLayout.tile_bytes) {
    Span head{load_f16(tile), kLayout.has_minima ? load_f16(tile + 32) : f32x16{}};
    const std::byte* group = tile + kLayout.head_bytes;
    for (int g = 0; g < kLayout.groups; ++g, ++x, group += kLayout.scale_bytes + 64 * kLayout.bits)
      add_group<kKind, kRows>(group, head, x, groups, total);
  }
  int64_t first = panel * kPanelRows, count = args.out - first < kPanelRows ? args.out - first : kPanelRows;
  f32x16 bias = args.bias ? load_some(args.bias + first, count) : f32x16{};
  for (int i = 0; i < kRows; ++i) store_some(args.y + (r + i) * args.out + first, total[i] + bias, count);
}

// Rows of x per tile at most: as many as there are registers for their sums.
#if defined(__AVX512F__)
constexpr int kRowsMost = 8;
#elif defined(__AVX2__)
constexpr int kRowsMost = 2;
#else
constexpr int kRowsMost = 1;
#endif

// All rows of a panel from r on, in tiles of kRows and, at the end, of less.
template <int kKind, int kRows>
void multiply_rows(const PanelArgs& args, int64_t panel, int64_t r) {
  for (; r + kRows <= args.rows; r += kRows) multiply_tile<kKind, kRows>(args, panel, r);
  if constexpr (kRows > 1) multiply_rows<kKind, kRows / 2>(args, panel, r);
}

template <int kKind>
void multiply(const PanelArgs& args, int64_t begin, int64_t end) {
  for (int64_t panel = begin; panel < end; ++panel) multiply_rows<kKind, kRowsMost>(args, panel, 0);
}

using Multiply = void (*)(const PanelArgs&, int64_t, int64_t);
// By PanelKind.
constexpr Multiply kMultiply[] = {multiply<0>, multiply<1>, multiply<2>,  multiply<3>,
                                  multiply<4>, multiply<5>, multiply<6>,  multiply<7>,
                                  multiply<8>, multiply<9>, multiply<10>, multiply<11>};

}  // namespace

void quantise_rows(const QuantiseArgs& args) noexcept {
  const PanelLayout& layout = kPanelLayouts[static_cast<int>(args.kind)];
  int64_t groups = args.rows * (args.in / kGroupInputs);
  for (int64_t g = 0; g < groups; ++g) quantise_group(args.x + g * kGroupInputs, layout, args.to[g]);
}

void multiply_panels(const PanelArgs& args, int64_t begin, int64_t end) noexcept {
  kMultiply[static_cast<int>(args.kind)](args, begin, end);
}

}  // namespace tenon::TENON_ISA_NAMESPACE
