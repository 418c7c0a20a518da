#include <tenon/model/model.hpp>

#include <algorithm>
#include <cmath>

namespace tenon {

Model::Model(const tenon_model_shape& shape, const Services& services,
             std::vector<std::unique_ptr<Layer>> layers, std::vector<float> frequencies, float rotary_scale)
    : shape_(shape),
      services_(services),
      layers_(std::move(layers)),
      frequencies_(std::move(frequencies)),
      rotary_scale_(rotary_scale) {}

Result<std::vector<tenon_needs>> Model::plan(const tenon_limits& limits) {
  std::vector<tenon_needs> needs;
  for (const auto& layer : layers_) {
    TENON_TRY(tenon_needs stated, layer->plan(shape_, limits));
    workspace_bytes_ = std::max(workspace_bytes_, stated.workspace_bytes);
    needs.push_back(stated);
  }
  return needs;
}

Status Model::bind(WeightStore& store, const ModelDescription& description) {
  WeightScope scope(store, description.weights.model, "", 0, "model");
  int64_t vocabulary = shape_.vocabulary, dim = shape_.model_dim;
  embedding_ = scope.get("embedding", {vocabulary, dim}, 1.0 / static_cast<double>(vocabulary));
  final_norm_ = scope.get_values("final_norm", {dim});
  head_ = scope.get("head", {vocabulary, dim});
  for (uint32_t i = 0; i < layers_.size(); ++i)
    TENON_TRY(layers_[i]->bind(store, description.weights.layer_prefix, i));
  return ok();
}

Status Model::forward(const tenon_step& step, const int32_t* tokens, std::span<const tenon_state> states,
                      Matrix hidden) const {
  TENON_TRY(embed(tokens, hidden));
  for (size_t i = 0; i < layers_.size(); ++i) TENON_TRY(layers_[i]->forward(step, states[i], hidden));
  TENON_TRY(services_.ops->rms_norm(final_norm_, shape_.norm_offset, shape_.norm_eps, hidden, hidden));
  services_.trace->emit("final_hidden", tensor_of(hidden));
  return ok();
}

Status Model::head(Matrix hidden, Matrix logits) const {
  return services_.ops->linear(*head_, nullptr, hidden, logits);
}

Status Model::embed(const int32_t* tokens, Matrix y) const {
  return services_.ops->embed(*embedding_, tokens, y);
}

void Model::rotate(std::span<const int32_t> positions, float* cosines, float* sines) const {
  // The angle is a float32 product, as models are trained; its cosine and sine are exact to the last bit or so.
  for (int32_t position : positions) {
    for (float frequency : frequencies_) {
      double angle = static_cast<float>(position) * frequency;
      *cosines++ = static_cast<float>(std::cos(angle)) * rotary_scale_;
      *sines++ = static_cast<float>(std::sin(angle)) * rotary_scale_;
    }
  }
}

}  // namespace tenon
