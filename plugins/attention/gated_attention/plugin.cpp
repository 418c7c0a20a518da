// Gated attention: grouped-query attention with normed, partly rotated heads and a sigmoid gate on its output.
// Formulas: README.md.
#include "gated_attention.hpp"

namespace tenon::gated_attention {
namespace {

constexpr const char* kSchema = R"(
heads    : int >=1 <=1024            # query heads; a multiple of kv_heads
kv_heads : int >=1 <=1024            # key and value heads
head_dim : int >=16 <=1024 %16       # elements of a head
bias     : bool = false              # whether the four projections have biases
kv_type  : choice f32|bf16 = f32     # how keys and values are stored; bf16 halves the memory and rounds them
)";

class GatedAttention final : public TokenMixer {
 public:
  GatedAttention(Host host, Shape shape)
      : host_(host), shape_(shape), ops_(host), threads_(host), trace_(host) {}

  static Result<std::unique_ptr<GatedAttention>> create(Host host, Config config) {
    Shape shape{};
    shape.heads = config.get_int32("heads"), shape.kv_heads = config.get_int32("kv_heads");
    shape.head_dim = config.get_int32("head_dim");
    shape.has_bias = config.get_bool("bias");
    shape.kv_type = config.get_string("kv_type") == "bf16" ? KvType::kBF16 : KvType::kF32;
    if (shape.heads % shape.kv_heads != 0) return config.refuse("heads", "a multiple of kv_heads");
    return std::make_unique<GatedAttention>(host, shape);
  }

  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    if (2 * model.rotary_pairs > static_cast<uint32_t>(shape_.head_dim))
      return invalid("position.rotary_dim is " + std::to_string(2 * model.rotary_pairs) +
                     ", must be at most head_dim, " + std::to_string(shape_.head_dim));
    shape_.model_dim = model.model_dim;
    shape_.norm_eps = model.norm_eps, shape_.norm_offset = model.norm_offset;
    limits_ = limits;
    tenon_needs needs{};
    needs.chunk_tokens = 1;
    needs.bytes_per_token = static_cast<uint64_t>(shape_.bytes_per_token());
    Carver counter;
    carve(counter, shape_, limits, 0);
    needs.workspace_bytes = counter.used();
    needs.saves_every_token = 1;
    return needs;
  }

  Status bind(Weights weights) override {
    int64_t dim = shape_.model_dim, queries = shape_.queries(), keys = shape_.keys();
    TENON_TRY(bound_.q_proj, weights.get("q_proj", {2 * queries, dim}, Shard::kHeads));
    TENON_TRY(bound_.k_proj, weights.get("k_proj", {keys, dim}, Shard::kHeads));
    TENON_TRY(bound_.v_proj, weights.get("v_proj", {keys, dim}, Shard::kHeads));
    TENON_TRY(bound_.o_proj, weights.get("o_proj", {dim, queries}, Shard::kColumns));
    TENON_TRY(bound_.q_norm, weights.get_values("q_norm", {shape_.head_dim}));
    TENON_TRY(bound_.k_norm, weights.get_values("k_norm", {shape_.head_dim}));
    if (!shape_.has_bias) return ok();
    TENON_TRY(bound_.q_bias, weights.get_values("q_bias", {2 * queries}, Shard::kHeads));
    TENON_TRY(bound_.k_bias, weights.get_values("k_bias", {keys}, Shard::kHeads));
    TENON_TRY(bound_.v_bias, weights.get_values("v_bias", {keys}, Shard::kHeads));
    TENON_TRY(bound_.o_bias, weights.get_values("o_bias", {dim}));
    return ok();
  }

  Status forward(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) override {
    Context context{shape_, bound_, ops_, threads_, trace_, host_.isa()};
    Carver carver(step.workspace);
    return run_cpu(context, carve(carver, shape_, limits_, step.tokens), step, state, x, y);
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
}  // namespace tenon::gated_attention

TENON_TOKEN_MIXER_PLUGIN("gated_attention", "0.1.0",
                         "grouped-query attention with normed, partly rotated heads and a gated output",
                         "tenon.ops/1 tenon.threads/1", tenon::gated_attention::kSchema,
                         tenon::gated_attention::GatedAttention);
