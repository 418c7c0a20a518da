// Gated DeltaNet: linear attention with a gated delta rule and a short convolution. Formulas: README.md.
#include "gated_deltanet.hpp"

#include <cmath>

namespace tenon::gated_deltanet {
namespace {

constexpr const char* kSchema = R"(
key_heads   : int >=1 <=1024          # heads of q and k
value_heads : int >=1 <=1024          # heads of v, z and the state; a multiple of key_heads
key_dim     : int >=16 <=1024 %16     # elements of a head of q and k
value_dim   : int >=16 <=1024 %16     # elements of a head of v and z
conv_window : int >=2 <=16 = 4        # tokens that the short convolution sees, the current one included
norm_eps    : float >0 <1 = 1e-6      # of the gated norm of each head
projections : choice grouped|split = grouped   # in_proj_qkvz by key head, or in_proj_qkv and in_proj_z
decay       : choice A_log|A = A_log  # the weight that holds it: A_log, or A = -exp(A_log)
)";

// The form in which a checkpoint holds the decay of each head.
enum class Decay { kALog, kA };

class GatedDeltaNet final : public TokenMixer {
 public:
  GatedDeltaNet(Host host, Shape shape, Decay decay)
      : shape_(shape), decay_(decay), isa_(host.isa()), ops_(host), threads_(host), trace_(host) {}

  static Result<std::unique_ptr<GatedDeltaNet>> create(Host host, Config config) {
    Shape shape{};
    shape.key_heads = config.get_int32("key_heads"), shape.value_heads = config.get_int32("value_heads");
    shape.key_dim = config.get_int32("key_dim"), shape.value_dim = config.get_int32("value_dim");
    shape.conv_window = config.get_int32("conv_window");
    shape.norm_eps = static_cast<float>(config.get_float("norm_eps"));
    shape.projections =
        config.get_string("projections") == "split" ? Projections::kSplit : Projections::kGrouped;
    Decay decay = config.get_string("decay") == "A" ? Decay::kA : Decay::kALog;
    if (shape.value_heads % shape.key_heads != 0)
      return config.refuse("value_heads", "a multiple of key_heads");
    return std::make_unique<GatedDeltaNet>(host, shape, decay);
  }

  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits) override {
    shape_.model_dim = model.model_dim;
    limits_ = limits;
    tenon_needs needs{};
    needs.chunk_tokens = kChunkTokens;
    needs.bytes_per_sequence = static_cast<uint64_t>(shape_.slot_elements()) * sizeof(float);
    Carver counter;
    carve(counter, shape_, limits, 0);
    needs.workspace_bytes = counter.used();
    needs.saves_every_token = 1;
    return needs;
  }

  Status bind(Weights weights) override {
    int64_t heads = shape_.value_heads, window = shape_.conv_window;
    TENON_TRY(bind_projections(weights));
    TENON_TRY(bound_.in_proj_ba, weights.get("in_proj_ba", {2 * heads, shape_.model_dim}, Shard::kHeads));
    TENON_TRY(bound_.out_proj, weights.get("out_proj", {shape_.model_dim, shape_.values()}, Shard::kColumns));
    TENON_TRY(const float* conv, weights.get_values("conv1d", {shape_.channels(), 1, window}, Shard::kHeads));
    TENON_TRY(const float* decay,
              weights.get_values(decay_ == Decay::kA ? "A" : "A_log", {heads}, Shard::kHeads));
    TENON_TRY(bound_.dt_bias, weights.get_values("dt_bias", {heads}, Shard::kHeads));
    TENON_TRY(bound_.norm, weights.get_values("norm", {shape_.value_dim}));
    // Tap by tap, so that a token's channels lie side by side.
    bound_.taps.resize(static_cast<size_t>(window * shape_.channels()));
    for (int64_t c = 0; c < shape_.channels(); ++c)
      for (int64_t w = 0; w < window; ++w) bound_.taps[w * shape_.channels() + c] = conv[c * window + w];
    for (int64_t h = 0; h < heads; ++h)
      bound_.decay.push_back(decay_ == Decay::kA ? decay[h] : -std::exp(decay[h]));
    return ok();
  }

  Status forward(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) override {
    Context context{shape_, bound_, ops_, threads_, trace_, isa_};
    Carver carver(step.workspace);
    return run_cpu(context, carve(carver, shape_, limits_, step.tokens), step, state, x, y);
  }

 private:
  Status bind_projections(Weights weights) {
    int64_t dim = shape_.model_dim;
    if (shape_.projections == Projections::kSplit) {
      TENON_TRY(bound_.in_proj_qkv, weights.get("in_proj_qkv", {shape_.channels(), dim}, Shard::kHeads));
      TENON_TRY(bound_.in_proj_z, weights.get("in_proj_z", {shape_.values(), dim}, Shard::kHeads));
    } else {
      TENON_TRY(bound_.in_proj_qkvz, weights.get("in_proj_qkvz", {shape_.qkvz_dim(), dim}, Shard::kHeads));
    }
    return ok();
  }

  Shape shape_;
  Decay decay_;
  uint32_t isa_;
  Ops ops_;
  Threads threads_;
  Trace trace_;
  tenon_limits limits_{};
  Bound bound_{};
};

}  // namespace
}  // namespace tenon::gated_deltanet

TENON_TOKEN_MIXER_PLUGIN("gated_deltanet", "0.1.0",
                         "linear attention with a gated delta rule and a short convolution",
                         "tenon.ops/1 tenon.threads/1", tenon::gated_deltanet::kSchema,
                         tenon::gated_deltanet::GatedDeltaNet);
