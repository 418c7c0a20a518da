// The assembled model: embedding, layers, final norm, head. It computes steps; memory and schedule are the
// engine's.
#pragma once
#include <tenon/base/aligned_buffer.hpp>
#include <tenon/model/layer.hpp>

#include <span>

namespace tenon {

class Model {
 public:
  Model(const tenon_model_shape& shape, const Services& services, std::vector<std::unique_ptr<Layer>> layers,
        std::vector<float> frequencies, float rotary_scale);

  // Needs of each layer, in order. [control]
  Result<std::vector<tenon_needs>> plan(const tenon_limits& limits);
  // [control & planned]
  Status bind(WeightStore& store, const ModelDescription& description);
  // Scratch that a step must bring, bytes. [planned]
  uint64_t workspace_bytes() const { return workspace_bytes_; }

  // hidden = the model's last hidden states, normed; tokens: [T]; states: one per layer; hidden: [T, D].
  // [step & bound]
  Status forward(const tenon_step& step, const int32_t* tokens, std::span<const tenon_state> states,
                 Matrix hidden) const;
  // logits[R, V] from normed hidden states [R, D]. [step & bound]
  Status head(Matrix hidden, Matrix logits) const;
  // y[R, D] = embeddings of tokens[R]. [step & bound]
  Status embed(const int32_t* tokens, Matrix y) const;
  // The scaled cosine and sine of each pair at each position; cosines, sines: [positions, rotary_pairs].
  void rotate(std::span<const int32_t> positions, float* cosines, float* sines) const;

  const tenon_weight& embedding() const { return *embedding_; }
  const tenon_model_shape& shape() const { return shape_; }
  std::span<const std::unique_ptr<Layer>> layers() const { return layers_; }

 private:
  tenon_model_shape shape_;
  const Services& services_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<float> frequencies_;  // [rotary_pairs], radians per position
  float rotary_scale_;
  uint64_t workspace_bytes_ = 0;
  const tenon_weight *embedding_ = nullptr, *head_ = nullptr;  // [V, D]
  const float* final_norm_ = nullptr;                          // [D]
};

}  // namespace tenon
