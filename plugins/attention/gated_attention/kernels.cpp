#include "kernels.hpp"

#include <tenon/sdk/small_gemm.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

constexpr int64_t kTile = 64;

struct F32 {
  static constexpr int64_t kBytes = 4;
  static f32x16 load(const std::byte* from) { return load_bytes<f32x16>(from); }
};
struct BF16 {
  static constexpr int64_t kBytes = 2;
  static f32x16 load(const std::byte* from) { return from_bf16(load_bytes<u16x16>(from)); }
};

const std::byte* token_at(const AttendArgs& args, int64_t position) {
  return args.pages + args.page_table[position / args.page_tokens] * args.page_stride +
         position % args.page_tokens * args.token_stride;
}

// What a query head has gathered so far.
struct Running {
  float most;  // greatest score
  float sum;   // of exp(score - most)
};

// How much of a tile stays in registers: sums of so many heads x keys, and then of so many heads x vectors of
// the result. Keys and values are then read once for several heads. Nothing else depends on it: each score and
// each element is summed in an order of its own.
#if defined(__AVX512F__)
constexpr int kHeadsHeld = 4, kOthersHeld = 4;
#elif defined(__AVX2__)
constexpr int kHeadsHeld = 2, kOthersHeld = 2;
#else
constexpr int kHeadsHeld = 1, kOthersHeld = 1;
#endif

// Positions [begin, begin + count) of one sequence, within a tile.
struct TileOfKeys {
  const std::byte* tokens[kTile];
  int64_t count;
};

// scores[h * kTile + j] of heads [h, h + kHeads) and keys [j, j + kKeys)
template <class Type, int kHeads, int kKeys>
inline void score_some(const AttendArgs& args, const TileOfKeys& tile, int64_t h, int64_t j, float* scores) {
  f32x16 total[kHeads][kKeys] = {};
  const float* q = args.q + h * args.head_dim;
  for (int64_t i = 0; i < args.head_dim; i += kLanes) {
    f32x16 key[kKeys];
#pragma GCC unroll 4
    for (int k = 0; k < kKeys; ++k)
      key[k] = Type::load(tile.tokens[j + k] + args.key_offset + i * Type::kBytes);
#pragma GCC unroll 4
    for (int g = 0; g < kHeads; ++g) {
      f32x16 query = load(q + g * args.head_dim + i);
#pragma GCC unroll 4
      for (int k = 0; k < kKeys; ++k) total[g][k] = fma(query, key[k], total[g][k]);
    }
  }
#pragma GCC unroll 4
  for (int g = 0; g < kHeads; ++g)
#pragma GCC unroll 4
    for (int k = 0; k < kKeys; ++k) scores[(h + g) * kTile + j + k] = sum(total[g][k]);
}

template <class Type, int kHeads>
inline void score_keys(const AttendArgs& args, const TileOfKeys& tile, int64_t h, float* scores) {
  int64_t j = 0;
  for (; j + kOthersHeld <= tile.count; j += kOthersHeld)
    score_some<Type, kHeads, kOthersHeld>(args, tile, h, j, scores);
  for (; j < tile.count; ++j) score_some<Type, kHeads, 1>(args, tile, h, j, scores);
}

// out[h .. h + kHeads, i .. i + 16 kVectors] += weights of the tile's keys times their values
template <class Type, int kHeads, int kVectors>
inline void add_some(const AttendArgs& args, const TileOfKeys& tile, int64_t h, int64_t i,
                     const float* weights) {
  float* out = args.out + h * args.head_dim + i;
  f32x16 total[kHeads][kVectors];
#pragma GCC unroll 4
  for (int g = 0; g < kHeads; ++g)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) total[g][v] = load(out + g * args.head_dim + v * kLanes);
  for (int64_t j = 0; j < tile.count; ++j) {
    const std::byte* from = tile.tokens[j] + args.value_offset + i * Type::kBytes;
    f32x16 value[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) value[v] = Type::load(from + v * kLanes * Type::kBytes);
#pragma GCC unroll 4
    for (int g = 0; g < kHeads; ++g) {
      f32x16 weight = splat(weights[(h + g) * kTile + j]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) total[g][v] = fma(weight, value[v], total[g][v]);
    }
  }
#pragma GCC unroll 4
  for (int g = 0; g < kHeads; ++g)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(out + g * args.head_dim + v * kLanes, total[g][v]);
}

template <class Type, int kHeads>
inline void add_values(const AttendArgs& args, const TileOfKeys& tile, int64_t h, const float* weights) {
  constexpr int64_t kStep = kOthersHeld * kLanes;
  int64_t i = 0;
  for (; i + kStep <= args.head_dim; i += kStep) add_some<Type, kHeads, kOthersHeld>(args, tile, h, i, weights);
  for (; i < args.head_dim; i += kLanes) add_some<Type, kHeads, 1>(args, tile, h, i, weights);
}

// scores[kTile] become exp(score - new maximum); what was gathered is rescaled to the new maximum.
void fold_scores(float* scores, Running& running, float* out, int64_t head_dim) {
  f32x16 greatest = splat(running.most);
  for (int64_t i = 0; i < kTile; i += kLanes) {
    f32x16 lanes = load(scores + i);
    greatest = lanes > greatest ? lanes : greatest;
  }
  float most = max_lane(greatest);
  f32x16 total{};
  for (int64_t i = 0; i < kTile; i += kLanes) {
    f32x16 weights = exp(load(scores + i) - most);
    store(scores + i, weights);
    total += weights;
  }
  float shrink = exp(splat(running.most - most))[0];
  running.sum = running.sum * shrink + sum(total);
  running.most = most;
  scale(out, shrink, head_dim);
}

template <class Type>
void attend_tile(const AttendArgs& args, int64_t begin, int64_t end, Running* running) {
  TileOfKeys tile{{}, end - begin};
  for (int64_t p = begin; p < end; ++p) tile.tokens[p - begin] = token_at(args, p);
  float scores[kAttendHeads * kTile];
  int64_t h = 0;
  for (; h + kHeadsHeld <= args.heads; h += kHeadsHeld) score_keys<Type, kHeadsHeld>(args, tile, h, scores);
  for (; h < args.heads; ++h) score_keys<Type, 1>(args, tile, h, scores);
  for (h = 0; h < args.heads; ++h) {
    // Positions beyond the tile's end weigh nothing: exp(-1e30 - most) is 0.
    for (int64_t j = tile.count; j < kTile; ++j) scores[h * kTile + j] = -1e30f;
    fold_scores(scores + h * kTile, running[h], args.out + h * args.head_dim, args.head_dim);
  }
  for (h = 0; h + kHeadsHeld <= args.heads; h += kHeadsHeld)
    add_values<Type, kHeadsHeld>(args, tile, h, scores);
  for (; h < args.heads; ++h) add_values<Type, 1>(args, tile, h, scores);
}

// Heads beyond this many are handled in further rounds.
constexpr int64_t kHeadsAtOnce = kAttendHeads;

template <class Type>
void attend(const AttendArgs& all) {
  for (int64_t done = 0; done < all.heads; done += kHeadsAtOnce) {
    AttendArgs args = all;
    args.heads = all.heads - done < kHeadsAtOnce ? all.heads - done : kHeadsAtOnce;
    args.q += done * all.head_dim, args.out += done * all.head_dim;
    Running running[kHeadsAtOnce];
    for (int64_t h = 0; h < args.heads; ++h) running[h] = {-1e30f, 0};
    for (int64_t i = 0; i < args.heads * args.head_dim; ++i) args.out[i] = 0;
    for (int64_t begin = args.first; begin < args.end;) {
      int64_t boundary = (begin / kTile + 1) * kTile;
      int64_t end = boundary < args.end ? boundary : args.end;
      attend_tile<Type>(args, begin, end, running);
      begin = end;
    }
    for (int64_t h = 0; h < args.heads; ++h)
      scale(args.out + h * args.head_dim, 1.0f / running[h].sum, args.head_dim);
  }
}

// -- Many tokens at once

// Some tokens' way through the tiles of keys.
template <class Type>
struct Many {
  const AttendManyArgs& many;
  const AttendArgs& args;
  float *keys, *values, *scores;  // [K, 64], [64, K], [tokens, heads, 64]

  explicit Many(const AttendManyArgs& m)
      : many(m),
        args(m.args),
        keys(m.scratch),
        values(keys + kTile * args.head_dim),
        scores(values + kTile * args.head_dim) {}

  float* out(int64_t t) const { return args.out + t * many.out_stride; }
  // The first position that token t does not see.
  int64_t end_of(int64_t t) const { return args.end + t; }

  // Positions [begin, end) of a tile; the others of 64 are zeros.
  void load_tile(int64_t begin, int64_t end) const {
    int64_t K = args.head_dim;
    for (int64_t i = 0; i < kTile * K; ++i) values[i] = 0;
    read_rows(begin, end, args.key_offset);
    transpose(values, K, kTile, K, keys, kTile);
    read_rows(begin, end, args.value_offset);
  }

  // What lies at `offset` of each position goes to values[0 ..].
  void read_rows(int64_t begin, int64_t end, int64_t offset) const {
    float* to = values;
    for (int64_t p = begin; p < end; ++p, to += args.head_dim) {
      const std::byte* from = token_at(args, p) + offset;
      for (int64_t i = 0; i < args.head_dim; i += kLanes) store(to + i, Type::load(from + i * Type::kBytes));
    }
  }

  // Folds positions [begin, end), as far as token t sees them, into what its heads have gathered.
  void fold(int64_t t, int64_t begin, int64_t end, Running* running) const {
    int64_t K = args.head_dim, seen = (end_of(t) < end ? end_of(t) : end) - begin;
    float* rows = scores + t * args.heads * kTile;
    for (int64_t i = 0; i < args.heads * kTile; ++i) rows[i] = 0;
    multiply_add(rows, kTile, {args.q + t * many.q_stride, K, 1}, keys, kTile, args.heads, K, kTile);
    for (int64_t h = 0; h < args.heads; ++h) {
      for (int64_t j = seen; j < kTile; ++j) rows[h * kTile + j] = -1e30f;
      fold_scores(rows + h * kTile, running[h], out(t) + h * K, K);
    }
    multiply_add(out(t), K, {rows, kTile, 1}, values, K, args.heads, seen, K);
  }
};

template <class Type>
void attend_many(const AttendManyArgs& many) {
  Many<Type> work(many);
  const AttendArgs& args = many.args;
  Running running[kAttendTokens][kAttendHeads];
  for (int64_t t = 0; t < many.tokens; ++t) {
    for (int64_t h = 0; h < args.heads; ++h) running[t][h] = {-1e30f, 0};
    for (int64_t i = 0; i < args.heads * args.head_dim; ++i) work.out(t)[i] = 0;
  }
  int64_t last = work.end_of(many.tokens - 1);
  for (int64_t begin = args.first; begin < last;) {
    int64_t boundary = (begin / kTile + 1) * kTile, end = boundary < last ? boundary : last;
    work.load_tile(begin, end);
    for (int64_t t = 0; t < many.tokens; ++t)
      if (work.end_of(t) > begin) work.fold(t, begin, end, running[t]);
    begin = end;
  }
  for (int64_t t = 0; t < many.tokens; ++t)
    for (int64_t h = 0; h < args.heads; ++h)
      scale(work.out(t) + h * args.head_dim, 1.0f / running[t][h].sum, args.head_dim);
}

}  // namespace

void attention_norm_rotate(const NormRotateArgs& args) noexcept {
  float mean = dot(args.x, args.x, args.head_dim) / static_cast<float>(args.head_dim);
  float factor = 1.0f / __builtin_sqrtf(mean + args.eps);
  for (int64_t i = 0; i < args.head_dim; ++i) args.y[i] = args.x[i] * factor * (args.offset + args.gain[i]);
  for (int64_t i = 0; i < args.pairs; ++i) {
    float first = args.y[i], second = args.y[i + args.pairs];
    args.y[i] = first * args.cosines[i] - second * args.sines[i];
    args.y[i + args.pairs] = second * args.cosines[i] + first * args.sines[i];
  }
  if (args.factor != 1.0f) scale(args.y, args.factor, args.head_dim);
}

void attention_store_f32(const float* from, std::byte* to, int64_t count) noexcept {
  __builtin_memcpy(to, from, static_cast<uint64_t>(count) * sizeof(float));
}

void attention_store_bf16(const float* from, std::byte* to, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, from + i, sizeof bits);
    bits += 0x7fff + ((bits >> 16) & 1);  // to nearest, ties to even
    uint16_t high = static_cast<uint16_t>(bits >> 16);
    __builtin_memcpy(to + i * 2, &high, sizeof high);
  }
}

void attention_attend_f32(const AttendArgs& args) noexcept { attend<F32>(args); }
void attention_attend_bf16(const AttendArgs& args) noexcept { attend<BF16>(args); }

void attention_attend_many_f32(const AttendManyArgs& args) noexcept { attend_many<F32>(args); }
void attention_attend_many_bf16(const AttendManyArgs& args) noexcept { attend_many<BF16>(args); }

void attention_gate(float* out, const float* gate, int64_t count) noexcept {
  for (int64_t i = 0; i < count; i += kLanes) store(out + i, load(out + i) * sigmoid(load(gate + i)));
}

}  // namespace tenon::TENON_ISA_NAMESPACE
