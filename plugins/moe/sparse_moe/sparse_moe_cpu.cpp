// The stages of a step: route, group rows by expert, run the experts, add the shared one.
#include "kernels.hpp"
#include "sparse_moe.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::sparse_moe {
namespace {

struct Run {
  const Context& context;
  const Scratch& scratch;
  const Shape& shape;
  int64_t tokens;

  int32_t* chosen(int64_t t) const { return scratch.chosen + t * shape.top_k; }
};

template <class Body>
void parallel_tokens(const Run& run, Body&& body) {
  run.context.threads.parallel_for(static_cast<uint32_t>(run.tokens), 1,
                                   [&](uint32_t begin, uint32_t end, uint32_t) {
                                     for (uint32_t t = begin; t < end; ++t) body(t);
                                   });
}

// The top_k most probable experts, most probable first; of equals, the one with the lower id.
void choose(const Run& run, int64_t t) {
  const float* p = run.scratch.probabilities.row(t);
  int32_t* chosen = run.chosen(t);
  int32_t count = 0, top_k = run.shape.top_k;
  for (int32_t e = 0; e < run.shape.experts; ++e) {
    if (count == top_k && p[e] <= p[chosen[count - 1]]) continue;
    int32_t at = count < top_k ? count++ : count - 1;
    for (; at > 0 && p[e] > p[chosen[at - 1]]; --at) chosen[at] = chosen[at - 1];
    chosen[at] = e;
  }
}

void route(const Run& run, int64_t t) {
  TENON_ISA_PICK(run.context.isa, moe_softmax)(run.scratch.probabilities.row(t), run.shape.experts);
  choose(run, t);
  const float* p = run.scratch.probabilities.row(t);
  float* weights = run.scratch.weights.row(t);
  float sum = 0;
  for (int32_t i = 0; i < run.shape.top_k; ++i) sum += weights[i] = p[run.chosen(t)[i]];
  for (int32_t i = 0; run.shape.normalise && i < run.shape.top_k; ++i) weights[i] /= sum;
}

// Counting sort of all (token, expert) pairs by expert; within an expert by token.
void assign_rows(const Run& run) {
  const Scratch& scratch = run.scratch;
  int64_t experts = run.shape.experts, pairs = run.tokens * run.shape.top_k;
  std::fill_n(scratch.row_start, experts + 1, 0);
  for (int64_t i = 0; i < pairs; ++i) ++scratch.row_start[scratch.chosen[i] + 1];
  for (int64_t e = 0; e < experts; ++e) scratch.row_start[e + 1] += scratch.row_start[e];
  std::copy_n(scratch.row_start, experts, scratch.next_row);
  for (int64_t i = 0; i < pairs; ++i) {
    int32_t row = scratch.next_row[scratch.chosen[i]]++;
    scratch.token_of_row[row] = static_cast<int32_t>(i / run.shape.top_k);
    scratch.weight_of_row.data[row] = scratch.weights.data[i];
  }
}

// Experts are added in the order of their ids, whatever else is in the batch (rule D1); the shared one comes
// last.
Status run_experts(const Run& run, const tenon_step& step, Matrix x, Matrix y) {
  const Scratch& scratch = run.scratch;
  const Bound& weights = run.context.weights;
  tenon_expert_mlp job{};
  job.size = sizeof(job);
  job.gate = weights.gate_proj, job.up = weights.up_proj, job.down = weights.down_proj;
  job.row_start = scratch.row_start, job.token_of_row = scratch.token_of_row;
  job.factor_of_row = scratch.weight_of_row.data;
  job.x = tensor_of(x), job.y = tensor_of(y);
  job.scratch = scratch.experts.data;
  return run.context.ops.expert_mlp(step, job);
}

void add_shared(const Run& run, Matrix y, int64_t t) {
  float gate = 1.0f / (1.0f + std::exp(-run.scratch.shared_weight.data[t]));
  TENON_ISA_PICK(run.context.isa, moe_add_scaled)(y.row(t), gate, run.scratch.shared_out.row(t), y.columns);
}

Status run_shared(const Run& run, const tenon_step& step, Matrix x) {
  const Scratch& scratch = run.scratch;
  const Bound& weights = run.context.weights;
  const Ops& ops = run.context.ops;
  TENON_TRY(ops.linear(step, weights.shared_gate_proj, nullptr, x, scratch.shared_gate));
  TENON_TRY(ops.linear(step, weights.shared_up_proj, nullptr, x, scratch.shared_up));
  TENON_TRY(ops.silu_multiply(step, scratch.shared_gate, scratch.shared_up, scratch.shared_gate));
  TENON_TRY(ops.linear(step, weights.shared_down_proj, nullptr, scratch.shared_gate, scratch.shared_out));
  return ops.linear(step, weights.shared_expert_gate, nullptr, x, scratch.shared_weight);
}

void trace_routing(const Run& run) {
  run.context.trace.emit("router_topk",
                         dense_tensor(run.scratch.chosen, TENON_I32, run.tokens, run.shape.top_k));
  run.context.trace.emit("router_weights", run.scratch.weights);
}

}  // namespace

Scratch carve(Carver& carver, const Shape& shape, const tenon_limits& limits, int64_t tokens) {
  int64_t most = limits.tokens_per_step_max, k = shape.top_k;
  Scratch scratch;
  scratch.probabilities = carver.take(tokens, most, shape.experts);
  scratch.chosen = carver.take_ints(most * k);
  scratch.weights = carver.take(tokens, most, k);
  scratch.row_start = carver.take_ints(shape.experts + 1);
  scratch.next_row = carver.take_ints(shape.experts);
  scratch.token_of_row = carver.take_ints(most * k);
  scratch.weight_of_row = carver.take(tokens * k, most * k, 1);
  scratch.experts = carver.take(1, 1, expert_mlp_scratch(most, most * k, shape.model_dim, shape.expert_dim));
  scratch.shared_gate = carver.take(tokens, most, shape.shared_dim);
  scratch.shared_up = carver.take(tokens, most, shape.shared_dim);
  scratch.shared_out = carver.take(tokens, most, shape.model_dim);
  scratch.shared_weight = carver.take(tokens, most, 1);
  return scratch;
}

Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, Matrix x, Matrix y) {
  Run run{context, scratch, context.shape, step.tokens};
  const Bound& weights = context.weights;
  const Ops& ops = context.ops;
  TENON_TRY(ops.linear(step, weights.router, nullptr, x, scratch.probabilities));
  context.trace.emit("router_logits", scratch.probabilities);
  parallel_tokens(run, [&](int64_t t) { route(run, t); });
  trace_routing(run);
  assign_rows(run);
  TENON_TRY(run_experts(run, step, x, y));
  if (context.shape.shared_dim == 0) return ok();
  TENON_TRY(run_shared(run, step, x));
  parallel_tokens(run, [&](int64_t t) { add_shared(run, y, t); });
  return ok();
}

}  // namespace tenon::sparse_moe
