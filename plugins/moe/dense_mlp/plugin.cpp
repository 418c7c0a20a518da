// A dense SwiGLU feed-forward network: y = down(silu(gate(x)) * up(x)). (Shazeer, arXiv 2002.05202.)
#include <tenon/sdk/expert_layer.hpp>
#include <tenon/sdk/workspace.hpp>

namespace tenon::dense_mlp {
namespace {

constexpr const char* kSchema = R"(
inner_dim : int >=1 <=1048576   # inner width
)";

// Scratch of one step, carved from the workspace.
struct Scratch {
  Matrix gate, up;  // [T, inner_dim]
};

class DenseMlp final : public ExpertLayer {
 public:
  DenseMlp(Host host, int64_t inner_dim) : inner_dim_(inner_dim), ops_(host) {}

  static Result<std::unique_ptr<DenseMlp>> create(Host host, Config config) {
    return std::make_unique<DenseMlp>(host, config.get_int("inner_dim"));
  }

  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    model_dim_ = model.model_dim, tokens_max_ = limits.tokens_per_step_max;
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    Carver counter;
    carve(counter, 0);
    needs.workspace_bytes = counter.used();
    return needs;
  }

  Status bind(Weights weights) override {
    TENON_TRY(gate_proj_, weights.get("gate_proj", {inner_dim_, model_dim_}, Shard::kRows));
    TENON_TRY(up_proj_, weights.get("up_proj", {inner_dim_, model_dim_}, Shard::kRows));
    TENON_TRY(down_proj_, weights.get("down_proj", {model_dim_, inner_dim_}, Shard::kColumns));
    return ok();
  }

  Status forward(const tenon_step& step, Matrix x, Matrix y) override {
    Carver carver(step.workspace);
    Scratch scratch = carve(carver, step.tokens);
    TENON_TRY(ops_.linear(step, gate_proj_, nullptr, x, scratch.gate));
    TENON_TRY(ops_.linear(step, up_proj_, nullptr, x, scratch.up));
    TENON_TRY(ops_.silu_multiply(step, scratch.gate, scratch.up, scratch.gate));
    return ops_.linear(step, down_proj_, nullptr, scratch.gate, y);
  }

 private:
  Scratch carve(Carver& carver, int64_t tokens) const {
    return {carver.take(tokens, tokens_max_, inner_dim_), carver.take(tokens, tokens_max_, inner_dim_)};
  }

  int64_t inner_dim_, model_dim_ = 0, tokens_max_ = 0;
  Ops ops_;
  const tenon_weight *gate_proj_ = nullptr, *up_proj_ = nullptr;  // [inner_dim, D]
  const tenon_weight* down_proj_ = nullptr;                       // [D, inner_dim]
};

}  // namespace
}  // namespace tenon::dense_mlp

TENON_EXPERT_LAYER_PLUGIN("dense_mlp", "0.1.0", "dense SwiGLU feed-forward network", "tenon.ops/1",
                          tenon::dense_mlp::kSchema, tenon::dense_mlp::DenseMlp);
