// An expert layer that turns each token into another, always the same one.
#include "hash_plugin.hpp"

#include <tenon/sdk/expert_layer.hpp>

namespace tenon::sim {
namespace {

constexpr const char* kSchema = R"(
shift      : int >=0      # how far it turns
gain       : float >0     # of what it adds to the hidden state
fail_every : int >=0 = 0  # calls of forward; 0: never
)";

class HashExperts final : public ExpertLayer {
 public:
  explicit HashExperts(const Config& config)
      : shift_(config.get_int32("shift")),
        gain_(static_cast<float>(config.get_float("gain"))),
        failpoint_(config.get_int("fail_every")) {}

  static Result<std::unique_ptr<HashExperts>> create(Host, Config config) {
    return std::make_unique<HashExperts>(config);
  }

  Result<tenon_needs> plan(const tenon_model_shape&, const tenon_limits&) override { return tenon_needs{}; }
  Status bind(Weights) override { return ok(); }

  Status forward(const tenon_step& step, Matrix x, Matrix y) override {
    TENON_TRY(failpoint_.pass());
    for (uint32_t t = 0; t < step.tokens; ++t) write_token(y.row(t), turned(token_of(x.row(t)), shift_), gain_);
    return ok();
  }

 private:
  int32_t shift_;
  float gain_;
  Failpoint failpoint_;
};

}  // namespace
}  // namespace tenon::sim

TENON_EXPERT_LAYER_PLUGIN("hash_experts", "0.0.1", "test: one token for another", "", tenon::sim::kSchema,
                          tenon::sim::HashExperts);
