// "tenon.layers/1" for one speculator: layers made of the description's roles, and the model's embedding and
// head.
#pragma once
#include <tenon/model/model.hpp>

namespace tenon {

class SpeculatorLayers final : public LayerProvider {
 public:
  // trace_prefix: put before the layers' own.
  SpeculatorLayers(const LayerContext& context, const Model& model, std::string title,
                   std::string trace_prefix);

  // Before the speculator's plan and bind, respectively.
  void set_limits(const tenon_limits& limits) { limits_ = limits; }
  void set_store(WeightStore& store) { store_ = &store; }

  Result<tenon_layer*> create(const std::string& mixer, const std::string& experts, uint32_t index) override;
  Result<tenon_needs> plan(tenon_layer& layer) override;
  Status bind(tenon_layer& layer) override;
  Status forward(tenon_layer& layer, const tenon_step& step, const tenon_state& state, Matrix x,
                 Matrix y) override;
  Status embed(const int32_t* tokens, Matrix y) override;
  Status head(Matrix x, Matrix logits) override;
  Result<const tenon_step*> next(const tenon_step& step) override;

 private:
  LayerContext context_;
  const Model& model_;
  std::string title_, trace_prefix_;
  std::vector<std::unique_ptr<tenon_layer>> layers_;
  tenon_limits limits_{};
  WeightStore* store_ = nullptr;
  // The step that next() hands out. [S] and [S, rotary_pairs]
  tenon_step next_{};
  std::vector<int32_t> positions_, token_start_, phase_;
  std::vector<float> cosines_, sines_;
};

}  // namespace tenon

// What the ABI's opaque tenon_layer is.
struct tenon_layer {
  std::unique_ptr<tenon::Layer> layer;
  uint32_t index;
};
