#include <tenon/engine/batch.hpp>

#include <tenon/base/check.hpp>

namespace tenon {

Batch::Batch(const Assembly& assembly) : model_(assembly.model()) {
  size_t tokens = assembly.limits().tokens_per_step_max, sequences = assembly.limits().sequences_max;
  size_t pairs = model_.shape().rotary_pairs;
  ids_.resize(sequences);
  for (auto* array : {&tokens_, &positions_}) array->resize(tokens);
  for (auto* array : {&phase_, &context_first_, &context_length_}) array->resize(sequences);
  token_start_.resize(sequences + 1);
  cosines_.resize(tokens * pairs), sines_.resize(tokens * pairs);
  step_.size = sizeof(step_);
  step_.rotary_pairs = model_.shape().rotary_pairs;
  step_.positions = positions_.data(), step_.token_start = token_start_.data(), step_.phase = phase_.data();
  step_.context_first = context_first_.data(), step_.context_length = context_length_.data();
  step_.rotary_cos = cosines_.data(), step_.rotary_sin = sines_.data();
}

void Batch::fill(std::span<const Work> work, int32_t context_first) {
  TENON_CHECK(work.size() <= ids_.size(), "{} sequences, at most {}", work.size(), ids_.size());
  uint32_t tokens = 0;
  for (uint32_t s = 0; s < work.size(); ++s) {
    const Work& part = work[s];
    TENON_CHECK(part.count > 0 && tokens + part.count <= tokens_.size(), "{} tokens after {}", part.count,
                tokens);
    ids_[s] = part.sequence;
    token_start_[s] = static_cast<int32_t>(tokens);
    phase_[s] = part.phase;
    context_first_[s] = context_first;
    context_length_[s] = static_cast<int32_t>(part.first);
    for (uint32_t i = 0; i < part.count; ++i, ++tokens) {
      tokens_[tokens] = part.tokens[i];
      positions_[tokens] = static_cast<int32_t>(part.first + i);
    }
  }
  step_.sequences = static_cast<uint32_t>(work.size());
  step_.tokens = tokens;
  token_start_[work.size()] = static_cast<int32_t>(tokens);
  model_.rotate({positions_.data(), tokens}, cosines_.data(), sines_.data());
}

}  // namespace tenon
