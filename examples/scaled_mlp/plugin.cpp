// An expert layer of a third party: a dense SwiGLU network whose output is scaled. Everything a plugin needs is
// here.
#include <tenon/sdk/expert_layer.hpp>
#include <tenon/sdk/workspace.hpp>

namespace {

constexpr const char* kSchema = R"(
inner_dim : int >=1 <=1048576     # inner width
scale     : float = 1.0           # factor of the output
)";

class ScaledMlp final : public tenon::ExpertLayer {
 public:
  ScaledMlp(tenon::Host host, int64_t inner_dim, float scale)
      : ops_(host), inner_dim_(inner_dim), scale_(scale) {}

  static tenon::Result<std::unique_ptr<ScaledMlp>> create(tenon::Host host, tenon::Config config) {
    return std::make_unique<ScaledMlp>(host, config.get_int("inner_dim"),
                                       static_cast<float>(config.get_float("scale")));
  }

  tenon::Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    model_dim_ = model.model_dim, tokens_max_ = limits.tokens_per_step_max;
    tenon::Carver counter;
    take_gate(counter, 0), take_gate(counter, 0);
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    needs.workspace_bytes = counter.used();
    return needs;
  }

  tenon::Status bind(tenon::Weights weights) override {
    using tenon::Shard;
    TENON_TRY(gate_, weights.get("gate_proj", {inner_dim_, model_dim_}, Shard::kRows));
    TENON_TRY(up_, weights.get("up_proj", {inner_dim_, model_dim_}, Shard::kRows));
    TENON_TRY(down_, weights.get("down_proj", {model_dim_, inner_dim_}, Shard::kColumns));
    return tenon::ok();
  }

  tenon::Status forward(const tenon_step& step, tenon::Matrix x, tenon::Matrix y) override {
    tenon::Carver carver(step.workspace);
    tenon::Matrix gate = take_gate(carver, step.tokens), up = take_gate(carver, step.tokens);
    TENON_TRY(ops_.linear(step, gate_, nullptr, x, gate));
    TENON_TRY(ops_.linear(step, up_, nullptr, x, up));
    TENON_TRY(ops_.silu_multiply(step, gate, up, gate));
    TENON_TRY(ops_.linear(step, down_, nullptr, gate, y));
    for (int64_t i = 0; i < y.rows * y.columns; ++i) y.data[i] *= scale_;
    return tenon::ok();
  }

 private:
  tenon::Matrix take_gate(tenon::Carver& carver, int64_t tokens) const {
    return carver.take(tokens, tokens_max_, inner_dim_);
  }

  tenon::Ops ops_;
  int64_t inner_dim_, model_dim_ = 0, tokens_max_ = 0;
  float scale_;
  const tenon_weight *gate_ = nullptr, *up_ = nullptr;  // [inner_dim, D]
  const tenon_weight* down_ = nullptr;                  // [D, inner_dim]
};

}  // namespace

TENON_EXPERT_LAYER_PLUGIN("scaled_mlp", "0.1.0", "dense SwiGLU network with a scaled output", "tenon.ops/1",
                          kSchema, ScaledMlp);
