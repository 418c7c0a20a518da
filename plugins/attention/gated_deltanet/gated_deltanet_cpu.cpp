// The stages of a step, and how each is divided among threads.
#include "gated_deltanet.hpp"
#include "kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon::gated_deltanet {
namespace {

// One step in the making: what every stage needs.
struct Run {
  const Context& context;
  const Scratch& scratch;
  const tenon_step& step;
  const tenon_state& state;
  const Shape& shape;

  float* slot(int32_t index) const {
    return reinterpret_cast<float*>(static_cast<std::byte*>(state.slots) + uint64_t(index) * state.slot_stride);
  }
  int64_t begin_of(uint32_t s) const { return step.token_start[s]; }
  int64_t end_of(uint32_t s) const { return step.token_start[s + 1]; }
  bool starts_anew(uint32_t s) const { return state.slot_start[s] < 0; }
  // Row of scratch.inputs where token t of sequence s has its own input.
  int64_t input_row(uint32_t s, int64_t t) const { return (int64_t{s} + 1) * shape.history() + t; }
};

// Runs body(s, t) for every token t, of sequence s, on several threads.
template <class Body>
void parallel_tokens(const Run& run, Body&& body) {
  const int32_t* starts = run.step.token_start;
  run.context.threads.parallel_for(run.step.tokens, 4, [&](uint32_t begin, uint32_t end, uint32_t) {
    auto* after = std::upper_bound(starts, starts + run.step.sequences, static_cast<int32_t>(begin));
    uint32_t s = static_cast<uint32_t>(after - starts) - 1;
    for (uint32_t t = begin; t < end; ++t) {
      if (t >= static_cast<uint32_t>(starts[s + 1])) ++s;
      body(s, int64_t{t});
    }
  });
}

Status project(const Run& run, Matrix x) {
  const Bound& weights = run.context.weights;
  const Ops& ops = run.context.ops;
  if (run.shape.projections == Projections::kSplit) {
    TENON_TRY(ops.linear(run.step, weights.in_proj_qkv, nullptr, x, run.scratch.qkv));
    TENON_TRY(ops.linear(run.step, weights.in_proj_z, nullptr, x, run.scratch.z));
  } else {
    TENON_TRY(ops.linear(run.step, weights.in_proj_qkvz, nullptr, x, run.scratch.qkvz));
  }
  return ops.linear(run.step, weights.in_proj_ba, nullptr, x, run.scratch.ba);
}

// A token's q, k and v become all q, all k, all v; z stays where it is.
void gather_inputs(const Run& run, uint32_t s, int64_t t) {
  const Shape& shape = run.shape;
  int64_t K = shape.key_dim, V = shape.value_dim * shape.heads_per_key();
  float* to = run.scratch.inputs.row(run.input_row(s, t));
  if (shape.projections == Projections::kSplit) {
    std::memcpy(to, run.scratch.qkv.row(t), shape.channels() * sizeof(float));
    return;
  }
  for (int64_t j = 0; j < shape.key_heads; ++j) {
    const float* from = run.scratch.qkvz.row(t) + j * (2 * K + 2 * V);
    std::memcpy(to + j * K, from, K * sizeof(float));
    std::memcpy(to + shape.keys() + j * K, from + K, K * sizeof(float));
    std::memcpy(to + 2 * shape.keys() + j * V, from + 2 * K, V * sizeof(float));
  }
}

// z [V] of token t and value head h.
const float* output_gate(const Run& run, int64_t t, int64_t h) {
  const Shape& shape = run.shape;
  if (shape.projections == Projections::kSplit) return run.scratch.z.row(t) + h * shape.value_dim;
  int64_t group = shape.heads_per_key(), per_key = 2 * shape.key_dim + 2 * group * shape.value_dim;
  return run.scratch.qkvz.row(t) + h / group * per_key + 2 * shape.key_dim +
         (group + h % group) * shape.value_dim;
}

// The inputs before the step's first token: from the slot, or zeros.
void load_history(const Run& run, uint32_t s) {
  int64_t count = run.shape.history() * run.shape.channels();
  float* to = run.scratch.inputs.row(run.input_row(s, run.begin_of(s)) - run.shape.history());
  if (run.starts_anew(s)) {
    std::fill_n(to, count, 0.0f);
  } else {
    std::memcpy(to, run.slot(run.state.slot_start[s]) + run.shape.state_elements(), count * sizeof(float));
  }
}

// After token t the convolution remembers the last W - 1 inputs, t's own included.
void save_history(const Run& run, uint32_t s, int64_t t) {
  int32_t slot = run.state.slot_save[t];
  if (slot < 0) return;
  const float* from = run.scratch.inputs.row(run.input_row(s, t) - run.shape.history() + 1);
  std::memcpy(run.slot(slot) + run.shape.state_elements(), from,
              run.shape.history() * run.shape.channels() * sizeof(float));
}

void convolve(const Run& run, uint32_t s, int64_t t) {
  const Shape& shape = run.shape;
  ConvArgs args{run.scratch.inputs.row(run.input_row(s, t) - shape.history()), run.context.weights.taps.data(),
                run.scratch.mixed.row(t), shape.conv_window, shape.channels()};
  TENON_ISA_PICK(run.context.isa, deltanet_conv)(args);
  auto* normalise = TENON_ISA_PICK(run.context.isa, deltanet_normalise);
  float query_scale = 1.0f / std::sqrt(static_cast<float>(shape.key_dim));
  for (int64_t j = 0; j < shape.key_heads; ++j) {
    normalise(args.mixed + j * shape.key_dim, shape.key_dim, query_scale);
    normalise(args.mixed + shape.keys() + j * shape.key_dim, shape.key_dim, 1.0f);
  }
}

// beta = sigmoid(b); g = -exp(A_log) softplus(a + dt_bias)
void compute_gates(const Run& run, int64_t t) {
  const Shape& shape = run.shape;
  int64_t group = shape.heads_per_key();
  for (int64_t h = 0; h < shape.value_heads; ++h) {
    const float* ba = run.scratch.ba.row(t) + h / group * 2 * group;
    float b = ba[h % group], a = ba[group + h % group] + run.context.weights.dt_bias[h];
    float softplus = a > 20.0f ? a : std::log1p(std::exp(a));
    run.scratch.beta.row(t)[h] = 1.0f / (1.0f + std::exp(-b));
    run.scratch.log_decay.row(t)[h] = run.context.weights.decay[h] * softplus;
  }
}

HeadArgs head_args(const Run& run, int64_t t, int64_t h) {
  const Shape& shape = run.shape;
  const float* mixed = run.scratch.mixed.row(t);
  int64_t key_head = h / shape.heads_per_key();
  HeadArgs args{};
  args.key_dim = shape.key_dim, args.value_dim = shape.value_dim;
  args.q = mixed + key_head * shape.key_dim;
  args.k = mixed + shape.keys() + key_head * shape.key_dim;
  args.v = mixed + 2 * shape.keys() + h * shape.value_dim;
  args.token_stride = shape.channels();
  args.beta = run.scratch.beta.row(t) + h, args.log_decay = run.scratch.log_decay.row(t) + h;
  args.gate_stride = shape.value_heads;
  args.out = run.scratch.out.row(t) + h * shape.value_dim;
  args.out_stride = shape.values();
  return args;
}

// Where head h's state [K, V] is read from and written to. Without a slot it lives in the worker's scratch.
struct HeadState {
  const Run& run;
  int64_t offset, elements;
  float* scratch;

  float* in_slot(int32_t slot) const { return slot < 0 ? scratch : run.slot(slot) + offset; }
  const float* start(uint32_t s) const {
    if (!run.starts_anew(s)) return in_slot(run.state.slot_start[s]);
    std::fill_n(scratch, elements, 0.0f);
    return scratch;
  }
};

void decode_head(const Run& run, uint32_t s, int64_t h, const HeadState& states) {
  auto* kernel = TENON_ISA_PICK(run.context.isa, deltanet_decode);
  const float* from = states.start(s);
  for (int64_t t = run.begin_of(s); t < run.end_of(s); ++t) {
    float* to = states.in_slot(run.state.slot_save[t]);
    kernel(head_args(run, t, h), from, to);
    from = to;
  }
}

// Chunks end at multiples of 64 positions. A state is saved where the step asks for one, which can only be at
// the end of a chunk or of the step.
void prefill_head(const Run& run, uint32_t s, int64_t h, const HeadState& states) {
  auto* kernel = TENON_ISA_PICK(run.context.isa, deltanet_chunk);
  const float* start = states.start(s);
  if (start != states.scratch) std::memcpy(states.scratch, start, states.elements * sizeof(float));
  for (int64_t t = run.begin_of(s); t < run.end_of(s);) {
    int64_t to_boundary = kChunkTokens - run.step.positions[t] % kChunkTokens;
    int64_t tokens = std::min(to_boundary, run.end_of(s) - t);
    kernel(head_args(run, t, h), tokens, states.scratch, states.scratch + states.elements);
    t += tokens;
    if (int32_t slot = run.state.slot_save[t - 1]; slot >= 0)
      std::memcpy(states.in_slot(slot), states.scratch, states.elements * sizeof(float));
  }
}

void apply_delta_rule(const Run& run) {
  const Shape& shape = run.shape;
  uint32_t heads = static_cast<uint32_t>(shape.value_heads);
  run.context.threads.parallel_for(
      run.step.sequences * heads, 1, [&](uint32_t begin, uint32_t end, uint32_t worker) {
        for (uint32_t i = begin; i < end; ++i) {
          uint32_t s = i / heads;
          int64_t h = i % heads, elements = int64_t{shape.key_dim} * shape.value_dim;
          HeadState states{run, h * elements, elements, run.scratch.per_worker.row(worker)};
          run.step.phase[s] == TENON_PREFILL ? prefill_head(run, s, h, states) : decode_head(run, s, h, states);
        }
      });
}

void norm_and_gate(const Run& run, int64_t t) {
  const Shape& shape = run.shape;
  auto* kernel = TENON_ISA_PICK(run.context.isa, deltanet_gated_norm);
  for (int64_t h = 0; h < shape.value_heads; ++h) {
    float* out = run.scratch.out.row(t) + h * shape.value_dim;
    kernel({out, run.context.weights.norm, output_gate(run, t, h), out, shape.value_dim, shape.norm_eps});
  }
}

// The state after the last token of the first sequence, as the reference keeps it: conv_state [channels, W].
void trace_state(const Run& run) {
  if (!run.context.trace.is_on() || run.step.sequences == 0) return;
  const Shape& shape = run.shape;
  int64_t last = run.end_of(0) - 1;
  if (run.state.slot_save[last] < 0) return;
  std::vector<float> conv(shape.channels() * shape.conv_window);
  for (int64_t w = 0; w < shape.conv_window; ++w)
    for (int64_t c = 0; c < shape.channels(); ++c)
      conv[c * shape.conv_window + w] = run.scratch.inputs.row(run.input_row(0, last) - shape.history() + w)[c];
  run.context.trace.emit("conv_state", Matrix(conv.data(), shape.channels(), shape.conv_window));
  run.context.trace.emit("recurrent_state", dense_tensor(run.slot(run.state.slot_save[last]), TENON_F32,
                                                         shape.value_heads, shape.key_dim, shape.value_dim));
}

}  // namespace

Scratch carve(Carver& carver, const Shape& shape, const tenon_limits& limits, int64_t tokens) {
  int64_t most = limits.tokens_per_step_max, history_rows = shape.history() * limits.sequences_max;
  int64_t head_state = int64_t{shape.key_dim} * shape.value_dim;
  int64_t chunk_scratch = kChunkTokens * (2 * int64_t{kChunkTokens} + shape.value_dim + shape.key_dim);
  Scratch scratch;
  scratch.qkvz = carver.take(tokens, most, shape.qkvz_dim());
  scratch.qkv = {scratch.qkvz.data, tokens, shape.channels()};
  scratch.z = {scratch.qkvz.data + tokens * shape.channels(), tokens, shape.values()};
  scratch.ba = carver.take(tokens, most, 2 * shape.value_heads);
  scratch.inputs = carver.take(tokens, most + history_rows, shape.channels());
  scratch.mixed = carver.take(tokens, most, shape.channels());
  scratch.beta = carver.take(tokens, most, shape.value_heads);
  scratch.log_decay = carver.take(tokens, most, shape.value_heads);
  scratch.out = carver.take(tokens, most, shape.values());
  scratch.per_worker = carver.take(limits.threads, limits.threads, head_state + chunk_scratch);
  return scratch;
}

Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, const tenon_state& state,
               Matrix x, Matrix y) {
  Run run{context, scratch, step, state, context.shape};
  TENON_TRY(project(run, x));
  for (uint32_t s = 0; s < step.sequences; ++s) load_history(run, s);
  parallel_tokens(run, [&](uint32_t s, int64_t t) { gather_inputs(run, s, t); });
  parallel_tokens(run, [&](uint32_t s, int64_t t) {
    save_history(run, s, t);
    convolve(run, s, t);
    compute_gates(run, t);
  });
  apply_delta_rule(run);
  parallel_tokens(run, [&](uint32_t, int64_t t) { norm_and_gate(run, t); });
  trace_state(run);
  return context.ops.linear(step, context.weights.out_proj, nullptr, scratch.out, y);
}

}  // namespace tenon::gated_deltanet
