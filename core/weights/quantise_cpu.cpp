#include <tenon/sdk/simd.hpp>
#include <tenon/weights/quantise_cpu.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

inline f32x16 magnitude(f32x16 v) { return reinterpret_cast<f32x16>(reinterpret_cast<i32x16>(v) & 0x7fffffff); }
inline f32x16 chosen(i32x16 mask, f32x16 yes, f32x16 no) { return mask ? yes : no; }
inline f32x16 least(f32x16 a, f32x16 b) { return b < a ? b : a; }
inline f32x16 most(f32x16 a, f32x16 b) { return a < b ? b : a; }

// The nearest integer from low to high, ties to even: adding 1.5 * 2^23 rounds.
inline f32x16 nearest(f32x16 v, float low, float high) {
  return (least(most(v, splat(low)), splat(high)) + 12582912.0f) - 12582912.0f;
}

inline f32x16 root(f32x16 v) {
  for (int i = 0; i < kLanes; ++i) v[i] = __builtin_sqrtf(v[i]);
  return v;
}

// Sixteen spans side by side: value i of span s in lane s of value[i]. Large values weigh more, since inputs
// that meet them matter more on average.
struct Spans {
  f32x16 value[kSpanLengthMax], weight[kSpanLengthMax], weighted[kSpanLengthMax];  // the last: their products
  f32x16 weights, weighted_sum;                                                    // sums of the last two
  int length;
};

void load_spans(const FitArgs& args, int64_t first, Spans& spans) {
  spans.length = args.length;
  f32x16 squares{};
  int64_t count = args.spans - first < kLanes ? args.spans - first : kLanes;
  for (int i = 0; i < args.length; ++i) {
    float lanes[kLanes] = {};
    for (int64_t s = 0; s < count; ++s) lanes[s] = args.values[(first + s) * args.length + i];
    spans.value[i] = load(lanes);
    squares += spans.value[i] * spans.value[i];
  }
  f32x16 rms = root(squares / static_cast<float>(args.length));
  spans.weights = spans.weighted_sum = f32x16{};
  for (int i = 0; i < args.length; ++i) {
    spans.weight[i] = rms + magnitude(spans.value[i]), spans.weights += spans.weight[i];
    spans.weighted[i] = spans.weight[i] * spans.value[i], spans.weighted_sum += spans.weighted[i];
  }
}

// The best of several trials: the extreme value at -levels and somewhat before and beyond.
f32x16 fit_scale(const Spans& spans, float levels) {
  f32x16 extreme{}, best_scale{}, best_gain{};
  for (int i = 0; i < spans.length; ++i)
    extreme = chosen(magnitude(spans.value[i]) > magnitude(extreme), spans.value[i], extreme);
  for (int trial = -9; trial <= 9; ++trial) {
    f32x16 inverse_scale = -(levels + 0.1f * static_cast<float>(trial)) / extreme;
    f32x16 vq{}, qq{};
    for (int i = 0; i < spans.length; ++i) {
      f32x16 q = nearest(inverse_scale * spans.value[i], -levels, levels - 1);
      vq += spans.weighted[i] * q, qq += spans.weight[i] * q * q;
    }
    // The squared error is that of zeros less vq^2 / qq.
    i32x16 is_better = (qq > 0.0f) & (vq * vq > best_gain * qq);
    best_gain = chosen(is_better, vq * vq / qq, best_gain), best_scale = chosen(is_better, vq / qq, best_scale);
  }
  return chosen(extreme == 0.0f, f32x16{}, best_scale);
}

struct Lines {
  f32x16 scale, minimum;  // value ~ scale * code - minimum; both at least 0
};

// The weighted least squares lines through (q[i], values[i]); their minima are not negative.
Lines fit_line(const Spans& spans, const f32x16* q) {
  f32x16 w = spans.weights, wv = spans.weighted_sum, wq{}, wqq{}, wqv{};
  for (int i = 0; i < spans.length; ++i) {
    f32x16 weight = spans.weight[i] * q[i];
    wq += weight, wqq += weight * q[i], wqv += weight * spans.value[i];
  }
  f32x16 determinant = w * wqq - wq * wq, zero{};
  Lines lines{(w * wqv - wq * wv) / determinant, (wq * wqv - wqq * wv) / determinant};
  i32x16 is_above = lines.minimum < 0.0f;
  lines = {chosen(is_above, wqv / wqq, lines.scale), chosen(is_above, zero, lines.minimum)};
  i32x16 is_bad = (determinant <= 0.0f) | (lines.scale < 0.0f);
  return {chosen(is_bad, zero, lines.scale), chosen(is_bad, zero, lines.minimum)};
}

f32x16 error_of(const Lines& lines, const Spans& spans, const f32x16* q) {
  f32x16 error{};
  for (int i = 0; i < spans.length; ++i) {
    f32x16 difference = lines.scale * q[i] - lines.minimum - spans.value[i];
    error += spans.weight[i] * difference * difference;
  }
  return error;
}

Lines fit_line(const Spans& spans) {
  f32x16 low{}, high{}, q[kSpanLengthMax];
  for (int i = 0; i < spans.length; ++i) low = least(low, spans.value[i]), high = most(high, spans.value[i]);
  Lines best{(high - low) / 15.0f, -low};
  f32x16 best_error = splat(__builtin_huge_valf());
  for (int trial = 0; trial <= 20; ++trial) {
    f32x16 inverse_scale = (14.0f + 0.1f * static_cast<float>(trial)) / (high - low);
    for (int i = 0; i < spans.length; ++i) q[i] = nearest(inverse_scale * (spans.value[i] - low), 0, 15);
    Lines lines = fit_line(spans, q);
    f32x16 error = error_of(lines, spans, q);
    i32x16 is_better = (lines.scale > 0.0f) & (error < best_error);
    best_error = chosen(is_better, error, best_error);
    best = {chosen(is_better, lines.scale, best.scale), chosen(is_better, lines.minimum, best.minimum)};
  }
  i32x16 is_flat = low == high;
  return {chosen(is_flat, f32x16{}, best.scale), chosen(is_flat, f32x16{}, best.minimum)};
}

}  // namespace

void fit_scales(const FitArgs& args, int levels) noexcept {
  Spans spans;
  for (int64_t s = 0; s < args.spans; s += kLanes) {
    load_spans(args, s, spans);
    int64_t count = args.spans - s < kLanes ? args.spans - s : kLanes;
    store_some(args.scale + s, fit_scale(spans, static_cast<float>(levels)), count);
  }
}

void fit_lines(const FitArgs& args) noexcept {
  Spans spans;
  for (int64_t s = 0; s < args.spans; s += kLanes) {
    load_spans(args, s, spans);
    int64_t count = args.spans - s < kLanes ? args.spans - s : kLanes;
    Lines lines = fit_line(spans);
    store_some(args.scale + s, lines.scale, count), store_some(args.minimum + s, lines.minimum, count);
  }
}

void put_codes(const CodeArgs& args) noexcept {
  float low = static_cast<float>(args.low), high = static_cast<float>(args.high);
  for (int64_t i = 0; i < args.count; i += kLanes) {
    f32x16 q = nearest((load(args.values + i) + args.add) * args.factor, low, high) - low;
    i32x16 codes = __builtin_convertvector(q, i32x16);
    for (int lane = 0; lane < kLanes; ++lane) args.codes[i + lane] = static_cast<uint8_t>(codes[lane]);
  }
}

}  // namespace tenon::TENON_ISA_NAMESPACE
