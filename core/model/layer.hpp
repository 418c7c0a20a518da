// One layer: norm -> mixer -> add -> norm -> experts -> add.
#pragma once
#include <tenon/abi/tenon_expert_layer.h>
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/model/description.hpp>

namespace tenon {

class PluginRegistry;

// What making a layer takes.
struct LayerContext {
  PluginRegistry& registry;
  const ModelDescription& description;
  const Services& services;
};

class Layer {
 public:
  // title: for messages ("layer 3"). trace_prefix: "layer.3.".
  static Result<std::unique_ptr<Layer>> create(const LayerContext& context, const LayerRoles& roles,
                                               const std::string& title, const std::string& trace_prefix);

  // The mixer's needs, with workspace for the whole layer. [control & created]
  Result<tenon_needs> plan(const tenon_model_shape& model, const tenon_limits& limits);
  // prefix: of the tensors' names, with {layer}. [control & planned]
  Status bind(WeightStore& store, const std::string& prefix, uint32_t index);
  // h = layer(h), in place; h: [T, D]. Uses step.workspace, as planned. [step & bound]
  Status forward(const tenon_step& step, const tenon_state& state, Matrix h) const;

  const LayerRoles& roles() const { return roles_; }
  const tenon_needs& needs() const { return needs_; }

 private:
  Layer(const LayerContext& context, LayerRoles roles, std::string title, std::string trace_prefix,
        PluginObject<tenon_token_mixer> mixer, PluginObject<tenon_expert_layer> experts);
  Status mix(const tenon_step& step, const tenon_state& state, Matrix x, Matrix y) const;
  Status feed_forward(const tenon_step& step, Matrix x, Matrix y) const;
  void trace(const char* name, Matrix value) const;

  const ModelDescription& description_;
  const Services& services_;
  LayerRoles roles_;
  std::string title_, trace_prefix_;
  PluginObject<tenon_token_mixer> mixer_;
  PluginObject<tenon_expert_layer> experts_;
  tenon_needs needs_{};
  uint64_t plugin_workspace_bytes_ = 0;
  int64_t model_dim_ = 0, tokens_max_ = 0;
  struct {
    float offset, eps;
  } norm_{};
  const float *mixer_norm_ = nullptr, *experts_norm_ = nullptr;  // [D]
};

}  // namespace tenon
