// The stages of a step, and how each is divided among threads.
#include "gated_attention.hpp"
#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace tenon::gated_attention {
namespace {

// One step in the making: what every stage needs.
struct Run {
  const Context& context;
  const Scratch& scratch;
  const tenon_step& step;
  const tenon_state& state;
  const Shape& shape;

  const int32_t* page_row(uint32_t s) const { return state.page_table + size_t{s} * state.pages_max; }
  std::byte* token_at(uint32_t s, int64_t position) const {
    int64_t page = page_row(s)[position / state.page_tokens], place = position % state.page_tokens;
    return static_cast<std::byte*>(state.pages) + page * static_cast<int64_t>(state.page_stride) +
           place * shape.bytes_per_token();
  }
  uint32_t sequence_of(int64_t t) const {
    auto* after =
        std::upper_bound(step.token_start, step.token_start + step.sequences, static_cast<int32_t>(t));
    return static_cast<uint32_t>(after - step.token_start) - 1;
  }
};

NormRotateArgs norm_args(const Run& run, int64_t t, const float* gain, float factor) {
  NormRotateArgs args{};
  args.gain = gain;
  args.head_dim = run.shape.head_dim, args.pairs = run.step.rotary_pairs;
  args.cosines = run.step.rotary_cos + t * args.pairs, args.sines = run.step.rotary_sin + t * args.pairs;
  args.offset = run.shape.norm_offset, args.eps = run.shape.norm_eps, args.factor = factor;
  return args;
}

// Queries are normed, turned and scaled by K^-0.5 once, here, rather than score by score.
void prepare_queries(const Run& run, int64_t t) {
  auto* kernel = TENON_ISA_PICK(run.context.isa, attention_norm_rotate);
  int64_t K = run.shape.head_dim;
  NormRotateArgs args = norm_args(run, t, run.context.weights.q_norm, 1.0f / std::sqrt(static_cast<float>(K)));
  for (int64_t h = 0; h < run.shape.heads; ++h) {
    args.x = run.scratch.query_gate.row(t) + h * 2 * K;
    args.y = run.scratch.queries.row(t) + h * K;
    kernel(args);
  }
}

// Keys are normed and turned; keys and values go to the token's place in its page.
void write_page(const Run& run, uint32_t s, int64_t t) {
  const Shape& shape = run.shape;
  auto* norm = TENON_ISA_PICK(run.context.isa, attention_norm_rotate);
  auto* store = shape.kv_type == KvType::kF32 ? TENON_ISA_PICK(run.context.isa, attention_store_f32)
                                              : TENON_ISA_PICK(run.context.isa, attention_store_bf16);
  NormRotateArgs args = norm_args(run, t, run.context.weights.k_norm, 1.0f);
  for (int64_t g = 0; g < shape.kv_heads; ++g) {
    args.x = args.y = run.scratch.keys.row(t) + g * shape.head_dim;
    norm(args);
  }
  std::byte* place = run.token_at(s, run.step.positions[t]);
  store(run.scratch.keys.row(t), place, shape.keys());
  store(run.scratch.values.row(t), place + shape.keys() * shape.kv_element_bytes(), shape.keys());
}

// What the heads of key head g of token t, of sequence s, are to attend to.
AttendArgs attend_args(const Run& run, uint32_t s, int64_t t, int64_t g) {
  const Shape& shape = run.shape;
  int64_t K = shape.head_dim, first_head = g * shape.heads_per_kv(), element = shape.kv_element_bytes();
  AttendArgs args{};
  args.q = run.scratch.queries.row(t) + first_head * K, args.out = run.scratch.out.row(t) + first_head * K;
  args.heads = shape.heads_per_kv(), args.head_dim = K;
  args.first = run.step.context_first[s], args.end = run.step.positions[t] + 1;
  args.pages = static_cast<const std::byte*>(run.state.pages), args.page_table = run.page_row(s);
  args.page_tokens = run.state.page_tokens, args.page_stride = static_cast<int64_t>(run.state.page_stride);
  args.token_stride = shape.bytes_per_token();
  args.key_offset = g * K * element, args.value_offset = (shape.keys() + g * K) * element;
  return args;
}

// Tokens of a prefill go through the keys together, those of a decode one by one: a token is always computed
// the same way, whatever the step it is in.
bool takes_many(const Run& run, uint32_t s) {
  return run.step.phase[s] == TENON_PREFILL && run.shape.heads_per_kv() <= kAttendHeads;
}

void plan_units(const Run& run) {
  int32_t* units = run.scratch.units;
  units[0] = 0;
  for (uint32_t s = 0; s < run.step.sequences; ++s) {
    int32_t tokens = run.step.token_start[s + 1] - run.step.token_start[s];
    constexpr int32_t kMany = kAttendTokens;
    units[s + 1] = units[s] + (takes_many(run, s) ? (tokens + kMany - 1) / kMany : tokens);
  }
}

// Tokens [t, t + count) of sequence s, for key head g.
void attend(const Run& run, uint32_t s, int64_t t, int64_t count, int64_t g, uint32_t worker) {
  const Shape& shape = run.shape;
  bool is_f32 = shape.kv_type == KvType::kF32;
  uint32_t isa = run.context.isa;
  AttendArgs args = attend_args(run, s, t, g);
  if (takes_many(run, s)) {
    auto* kernel = is_f32 ? TENON_ISA_PICK(isa, attention_attend_many_f32)
                          : TENON_ISA_PICK(isa, attention_attend_many_bf16);
    kernel({args, count, shape.queries(), shape.queries(), run.scratch.per_worker.row(worker)});
  } else {
    auto* kernel =
        is_f32 ? TENON_ISA_PICK(isa, attention_attend_f32) : TENON_ISA_PICK(isa, attention_attend_bf16);
    kernel(args);
  }
  auto* gate = TENON_ISA_PICK(isa, attention_gate);
  int64_t K = shape.head_dim, first_head = g * shape.heads_per_kv();
  for (int64_t i = t; i < t + count; ++i)
    for (int64_t h = first_head; h < first_head + args.heads; ++h)
      gate(run.scratch.out.row(i) + h * K, run.scratch.query_gate.row(i) + h * 2 * K + K, K);
}

void attend_all(const Run& run) {
  plan_units(run);
  const int32_t* units = run.scratch.units;
  uint32_t kv_heads = static_cast<uint32_t>(run.shape.kv_heads), sequences = run.step.sequences;
  uint32_t count = static_cast<uint32_t>(units[sequences]) * kv_heads;
  run.context.threads.parallel_for(count, 1, [&](uint32_t begin, uint32_t end, uint32_t worker) {
    for (uint32_t i = begin; i < end; ++i) {
      int32_t unit = static_cast<int32_t>(i / kv_heads);
      uint32_t s = static_cast<uint32_t>(std::upper_bound(units, units + sequences, unit) - units) - 1;
      int64_t size = takes_many(run, s) ? kAttendTokens : 1, last = run.step.token_start[s + 1];
      int64_t t = run.step.token_start[s] + (unit - units[s]) * size;
      attend(run, s, t, std::min(size, last - t), i % kv_heads, worker);
    }
  });
}

// Keys and values of the first sequence as the reference keeps them: [G, positions, K]. Only for float32 pages.
void trace_pages(const Run& run) {
  if (!run.context.trace.is_on() || run.shape.kv_type != KvType::kF32) return;
  int64_t end = run.step.positions[run.step.token_start[1] - 1] + 1, K = run.shape.head_dim;
  std::vector<float> gathered(run.shape.keys() * end);
  for (const char* name : {"k", "v"}) {
    int64_t offset = name[0] == 'v' ? run.shape.keys() : 0;
    for (int64_t g = 0; g < run.shape.kv_heads; ++g)
      for (int64_t p = 0; p < end; ++p)
        std::memcpy(gathered.data() + (g * end + p) * K,
                    reinterpret_cast<float*>(run.token_at(0, p)) + offset + g * K, K * sizeof(float));
    run.context.trace.emit(name, dense_tensor(gathered.data(), TENON_F32, run.shape.kv_heads, end, K));
  }
}

}  // namespace

Scratch carve(Carver& carver, const Shape& shape, const tenon_limits& limits, int64_t tokens) {
  int64_t most = limits.tokens_per_step_max;
  Scratch scratch;
  scratch.query_gate = carver.take(tokens, most, 2 * shape.queries());
  scratch.keys = carver.take(tokens, most, shape.keys());
  scratch.values = carver.take(tokens, most, shape.keys());
  scratch.queries = carver.take(tokens, most, shape.queries());
  scratch.out = carver.take(tokens, most, shape.queries());
  scratch.units = carver.take_ints(int64_t{limits.sequences_max} + 1);
  scratch.per_worker =
      carver.take(limits.threads, limits.threads, attend_scratch(shape.heads_per_kv(), shape.head_dim));
  return scratch;
}

Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, const tenon_state& state,
               Matrix x, Matrix y) {
  Run run{context, scratch, step, state, context.shape};
  const Bound& weights = context.weights;
  TENON_TRY(context.ops.linear(step, weights.q_proj, weights.q_bias, x, scratch.query_gate));
  TENON_TRY(context.ops.linear(step, weights.k_proj, weights.k_bias, x, scratch.keys));
  TENON_TRY(context.ops.linear(step, weights.v_proj, weights.v_bias, x, scratch.values));
  context.threads.parallel_for(step.tokens, 4, [&](uint32_t begin, uint32_t end, uint32_t) {
    for (uint32_t t = begin; t < end; ++t) {
      prepare_queries(run, t);
      write_page(run, run.sequence_of(t), t);
    }
  });
  attend_all(run);
  trace_pages(run);
  return context.ops.linear(step, weights.o_proj, weights.o_bias, scratch.out, y);
}

}  // namespace tenon::gated_attention
