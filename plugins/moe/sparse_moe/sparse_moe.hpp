// A sparse mixture of experts on the CPU: shapes, weights and the launch function. Formulas: README.md.
// Letters: T tokens, D model dim, E experts, A experts per token (top-k), F expert dim, R = T * A routed rows.
#pragma once
#include <tenon/sdk/expert_layer.hpp>
#include <tenon/sdk/workspace.hpp>

namespace tenon::sparse_moe {

struct Shape {
  int32_t experts, top_k, expert_dim;
  int32_t shared_dim;  // 0: no shared expert
  bool normalise;      // divide the chosen probabilities by their sum
  int64_t model_dim;
};

struct Bound {
  const tenon_weight* router;               // [E, D]
  const tenon_weight *gate_proj, *up_proj;  // E x [F, D]
  const tenon_weight* down_proj;            // E x [D, F]
  const tenon_weight *shared_gate_proj, *shared_up_proj, *shared_down_proj, *shared_expert_gate;
};

// Scratch of one step, carved from the workspace.
struct Scratch {
  Matrix probabilities;           // [T, E] router logits, then their softmax
  int32_t* chosen;                // [T, A] experts, most probable first
  Matrix weights;                 // [T, A] of the chosen
  int32_t* row_start;             // [E + 1] first routed row of each expert
  int32_t* next_row;              // [E] while rows are given out
  int32_t* token_of_row;          // [R]
  Matrix weight_of_row;           // [R, 1]
  Matrix experts;                 // of Ops::expert_mlp
  Matrix shared_gate, shared_up;  // [T, shared_dim]
  Matrix shared_out;              // [T, D]
  Matrix shared_weight;           // [T, 1]
};

Scratch carve(Carver& carver, const Shape& shape, const tenon_limits& limits, int64_t tokens);

// What a step works with.
struct Context {
  const Shape& shape;
  const Bound& weights;
  const Ops& ops;
  const Threads& threads;
  const Trace& trace;
  uint32_t isa;
};

// y = experts(x); x, y: [T, D]
Status run_cpu(const Context& context, const Scratch& scratch, const tenon_step& step, Matrix x, Matrix y);

}  // namespace tenon::sparse_moe
