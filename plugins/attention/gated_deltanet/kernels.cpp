#include "kernels.hpp"

#include <tenon/sdk/small_gemm.hpp>

namespace tenon::TENON_ISA_NAMESPACE {
namespace {

constexpr int64_t kChunk = 64;

// row[j] *= exp(c[i] - c[j]) for j <= i. The difference is never positive, so nothing can overflow.
void scale_by_decay(float* row, const float* c, int64_t i) {
  for (int64_t j = 0; j <= i; j += kLanes) {
    int64_t count = i + 1 - j < kLanes ? i + 1 - j : kLanes;
    f32x16 factor = exp(c[i] - load_some(c + j, count));
    store_some(row + j, load_some(row + j, count) * factor, count);
  }
}

}  // namespace

void deltanet_conv(const ConvArgs& args) noexcept {
  for (int64_t c = 0; c < args.channels; c += kLanes) {
    f32x16 total{};
    for (int64_t w = 0; w < args.window; ++w)
      total = fma(load(args.taps + w * args.channels + c), load(args.inputs + w * args.channels + c), total);
    store(args.mixed + c, total * sigmoid(total));
  }
}

void deltanet_normalise(float* x, int64_t count, float factor) noexcept {
  scale(x, factor / __builtin_sqrtf(dot(x, x, count) + 1e-6f), count);
}

void deltanet_decode(const HeadArgs& args, const float* from, float* to) noexcept {
  int64_t K = args.key_dim, V = args.value_dim;
  float decay = __builtin_expf(*args.log_decay), beta = *args.beta;
  float q_dot_k = dot(args.q, args.k, K);
  for (int64_t c = 0; c < V; c += kLanes) {
    // First pass over the state: what it answers to k and to q. to^T q then needs no third pass, since
    // to^T q = exp(g) from^T q + (k . q) d.
    f32x16 state_k{}, state_q{};
    for (int64_t i = 0; i < K; ++i) {
      f32x16 row = load(from + i * V + c);
      state_k = fma(splat(args.k[i]), row, state_k);
      state_q = fma(splat(args.q[i]), row, state_q);
    }
    f32x16 delta = beta * (load(args.v + c) - decay * state_k);
    store(args.out + c, fma(splat(q_dot_k), delta, decay * state_q));
    for (int64_t i = 0; i < K; ++i)
      store(to + i * V + c, fma(splat(args.k[i]), delta, decay * load(from + i * V + c)));
  }
}

void deltanet_chunk(const HeadArgs& args, int64_t n, float* state, float* scratch) noexcept {
  int64_t K = args.key_dim, V = args.value_dim, stride = args.token_stride;
  float* key_scores = scratch;                         // [64, 64] A, then
  float* query_scores = key_scores + kChunk * kChunk;  // [64, 64]
  float* updates = query_scores + kChunk * kChunk;     // [64, V] V'
  float* decayed_keys = updates + kChunk * V;          // [64, K]
  float* keys = decayed_keys;                          // [K, 64] k^T, before that
  float c[kChunk], exp_c[kChunk];                      // cumulated log decay, and its exponential
  float sum_so_far = 0;
  for (int64_t i = 0; i < n; ++i) {
    c[i] = sum_so_far += args.log_decay[i * args.gate_stride];
    exp_c[i] = __builtin_expf(c[i]);
  }
  auto beta = [&](int64_t i) { return args.beta[i * args.gate_stride]; };

  // Scores against earlier tokens of the chunk: A for keys (below the diagonal), and q k^T (with the diagonal).
  // The others are computed with them, and never read.
  for (int64_t i = 0; i < 2 * kChunk * kChunk; ++i) key_scores[i] = 0;
  for (int64_t i = n; i < kChunk; ++i)
    for (int64_t m = 0; m < K; ++m) keys[m * kChunk + i] = 0;
  transpose(args.k, stride, n, K, keys, kChunk);
  int64_t columns = (n + kLanes - 1) / kLanes * kLanes;
  multiply_add(key_scores, kChunk, {args.k, stride, 1}, keys, kChunk, n, K, columns);
  multiply_add(query_scores, kChunk, {args.q, stride, 1}, keys, kChunk, n, K, columns);
  for (int64_t i = 0; i < n; ++i) {
    scale(key_scores + i * kChunk, -beta(i), i + 1);
    scale_by_decay(key_scores + i * kChunk, c, i);
    scale_by_decay(query_scores + i * kChunk, c, i);
  }

  // What the state before the chunk answers, to keys and to queries.
  for (int64_t i = 0; i < n * V; ++i) updates[i] = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t v = 0; v < V; ++v) args.out[i * args.out_stride + v] = 0;
  multiply_add(updates, V, {args.k, stride, 1}, state, V, n, K, V);
  multiply_add(args.out, args.out_stride, {args.q, stride, 1}, state, V, n, K, V);

  // V' = (I + A)^-1 beta (v - exp(c) k S), row by row from the top.
  for (int64_t i = 0; i < n; ++i) {
    float* row = updates + i * V;
    const float* value = args.v + i * stride;
    for (int64_t v = 0; v < V; ++v) row[v] = beta(i) * (value[v] - exp_c[i] * row[v]);
    multiply_add(row, V, {key_scores + i * kChunk, 0, 1}, updates, V, 1, i, V);
  }

  // out = exp(c) q S + tril(q k^T exp(c_i - c_j)) V'
  for (int64_t i = 0; i < n; ++i) {
    float* row = args.out + i * args.out_stride;
    scale(row, exp_c[i], V);
    multiply_add(row, V, {query_scores + i * kChunk, 0, 1}, updates, V, 1, i + 1, V);
  }

  // S = exp(c_end) S + (exp(c_end - c) k)^T V'
  for (int64_t i = 0; i < n; ++i) {
    float factor = __builtin_expf(c[n - 1] - c[i]);
    for (int64_t m = 0; m < K; ++m) decayed_keys[i * K + m] = factor * args.k[i * stride + m];
  }
  scale(state, exp_c[n - 1], K * V);
  multiply_add(state, V, {decayed_keys, 1, K}, updates, V, K, n, V);
}

void deltanet_gated_norm(const GatedNormArgs& args) noexcept {
  float mean = dot(args.x, args.x, args.value_dim) / static_cast<float>(args.value_dim);
  f32x16 factor = splat(1.0f / __builtin_sqrtf(mean + args.eps));
  for (int64_t v = 0; v < args.value_dim; v += kLanes) {
    f32x16 z = load(args.z + v);
    store(args.y + v, load(args.x + v) * factor * load(args.gain + v) * (z * sigmoid(z)));
  }
}

}  // namespace tenon::TENON_ISA_NAMESPACE
