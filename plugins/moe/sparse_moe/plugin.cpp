// An ultra-sparse mixture of experts with a gated shared expert. Formulas: README.md.
#include "sparse_moe.hpp"

namespace tenon::sparse_moe {
namespace {

constexpr const char* kSchema = R"(
experts    : int >=1 <=65536     # experts to choose from
top_k      : int >=1 <=256       # experts per token
expert_dim : int >=1 <=1048576   # inner width of an expert
shared_dim : int >=0 <=1048576 = 0   # inner width of the expert that every token uses; 0: there is none
normalise  : bool = true         # divide the chosen probabilities by their sum
)";

class SparseMoe final : public ExpertLayer {
 public:
  SparseMoe(Host host, Shape shape) : host_(host), shape_(shape), ops_(host), threads_(host), trace_(host) {}

  static Result<std::unique_ptr<SparseMoe>> create(Host host, Config config) {
    Shape shape{};
    shape.experts = config.get_int32("experts"), shape.top_k = config.get_int32("top_k");
    shape.expert_dim = config.get_int32("expert_dim"), shape.shared_dim = config.get_int32("shared_dim");
    shape.normalise = config.get_bool("normalise");
    if (shape.top_k > shape.experts) return config.refuse("top_k", "at most experts");
    return std::make_unique<SparseMoe>(host, shape);
  }

  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    shape_.model_dim = model.model_dim;
    limits_ = limits;
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    Carver counter;
    carve(counter, shape_, limits, 0);
    needs.workspace_bytes = counter.used();
    return needs;
  }

  Status bind(Weights weights) override {
    int64_t dim = shape_.model_dim, inner = shape_.expert_dim, shared = shape_.shared_dim;
    uint32_t experts = static_cast<uint32_t>(shape_.experts), active = static_cast<uint32_t>(shape_.top_k);
    TENON_TRY(bound_.router, weights.get("router", {shape_.experts, dim}, Shard::kReplicated));
    TENON_TRY(bound_.gate_proj, weights.get_group("gate_proj", {inner, dim}, experts, active));
    TENON_TRY(bound_.up_proj, weights.get_group("up_proj", {inner, dim}, experts, active));
    TENON_TRY(bound_.down_proj, weights.get_group("down_proj", {dim, inner}, experts, active));
    if (shared == 0) return ok();
    TENON_TRY(bound_.shared_gate_proj, weights.get("shared_gate_proj", {shared, dim}, Shard::kRows));
    TENON_TRY(bound_.shared_up_proj, weights.get("shared_up_proj", {shared, dim}, Shard::kRows));
    TENON_TRY(bound_.shared_down_proj, weights.get("shared_down_proj", {dim, shared}, Shard::kColumns));
    TENON_TRY(bound_.shared_expert_gate, weights.get("shared_expert_gate", {1, dim}, Shard::kReplicated));
    return ok();
  }

  Status forward(const tenon_step& step, Matrix x, Matrix y) override {
    Context context{shape_, bound_, ops_, threads_, trace_, host_.isa()};
    Carver carver(step.workspace);
    return run_cpu(context, carve(carver, shape_, limits_, step.tokens), step, x, y);
  }

 private:
  Host host_;
  Shape shape_;
  Ops ops_;
  Threads threads_;
  Trace trace_;
  tenon_limits limits_{};
  Bound bound_{};
};

}  // namespace
}  // namespace tenon::sparse_moe

TENON_EXPERT_LAYER_PLUGIN("sparse_moe", "0.1.0", "sparse mixture of experts with a gated shared expert",
                          "tenon.ops/1 tenon.threads/1", tenon::sparse_moe::kSchema,
                          tenon::sparse_moe::SparseMoe);
