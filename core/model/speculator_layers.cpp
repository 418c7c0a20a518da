#include <tenon/model/speculator_layers.hpp>

#include <cstring>

namespace tenon {

SpeculatorLayers::SpeculatorLayers(const LayerContext& context, const Model& model, std::string title,
                                   std::string trace_prefix)
    : context_(context), model_(model), title_(std::move(title)), trace_prefix_(std::move(trace_prefix)) {}

Result<tenon_layer*> SpeculatorLayers::create(const std::string& mixer, const std::string& experts,
                                              uint32_t index) {
  std::string number = std::to_string(index);
  TENON_TRY(auto layer, Layer::create(context_, {mixer, experts}, title_ + " layer " + number,
                                      trace_prefix_ + "layer." + number + "."));
  layers_.push_back(std::make_unique<tenon_layer>(tenon_layer{std::move(layer), index}));
  return layers_.back().get();
}

Result<tenon_needs> SpeculatorLayers::plan(tenon_layer& layer) {
  return layer.layer->plan(model_.shape(), limits_);
}

Status SpeculatorLayers::bind(tenon_layer& layer) {
  return layer.layer->bind(*store_, context_.description.speculative->layer_prefix, layer.index);
}

Status SpeculatorLayers::forward(tenon_layer& layer, const tenon_step& step, const tenon_state& state, Matrix x,
                                 Matrix y) {
  std::memcpy(y.data, x.data, static_cast<size_t>(x.rows * x.columns) * sizeof(float));
  return layer.layer->forward(step, state, y);
}

Status SpeculatorLayers::embed(const int32_t* tokens, Matrix y) { return model_.embed(tokens, y); }

Status SpeculatorLayers::head(Matrix x, Matrix logits) { return model_.head(x, logits); }

Result<const tenon_step*> SpeculatorLayers::next(const tenon_step& step) {
  // Filled for the largest batch on first use; a step allocates nothing after that.
  positions_.resize(limits_.sequences_max), phase_.assign(limits_.sequences_max, TENON_DECODE);
  token_start_.resize(limits_.sequences_max + 1);
  uint32_t pairs = model_.shape().rotary_pairs;
  cosines_.resize(size_t{limits_.sequences_max} * pairs), sines_.resize(cosines_.size());
  // positions_ may be the very step that is continued.
  for (uint32_t s = 0; s < step.sequences; ++s) positions_[s] = step.positions[step.token_start[s + 1] - 1] + 1;
  for (uint32_t s = 0; s <= step.sequences; ++s) token_start_[s] = static_cast<int32_t>(s);
  model_.rotate({positions_.data(), step.sequences}, cosines_.data(), sines_.data());
  next_ = step;
  next_.tokens = step.sequences;
  next_.positions = next_.context_length = positions_.data();
  next_.token_start = token_start_.data();
  next_.phase = phase_.data();
  next_.rotary_cos = cosines_.data(), next_.rotary_sin = sines_.data();
  return &next_;
}

}  // namespace tenon
