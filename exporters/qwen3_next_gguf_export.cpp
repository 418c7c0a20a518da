#include <exporters/qwen3_next_gguf_export.hpp>

#include <exporters/qwen3_next_tensors.hpp>

#include <algorithm>

namespace tenon {
namespace {

// One weight on its way: from a tensor in the Hugging Face layout, or one per expert, to one in GGUF's.
class Weight {
 public:
  Weight(const Qwen3NextFacts& facts, const TensorSource& source, const TensorTable& from,
         const TensorTable& to, const std::string& name)
      : facts_(facts), source_(source), from_(from), to_(to), name_(name) {}

  Result<OutputTensor> output(const std::string& gguf_name, const MatrixTypes& types) const {
    OutputTensor output;
    output.plan.name = to_.prefix + gguf_name;
    output.change = change();
    output.group = group();
    TENON_TRY(output.ranges, ranges());
    const std::vector<int64_t>& shape = *source_.find_shape(output.ranges[0].tensor);
    int64_t columns = columns_of(shape), rows = 0;
    for (const RowRange& range : output.ranges) rows += range.rows;
    if (is_stacked())
      output.plan.shape = {facts_.experts, rows / facts_.experts, columns};
    else if (shape.size() == 1 || name_ == "shared_expert_gate")
      output.plan.shape = {columns};
    else
      output.plan.shape = {rows, columns};
    output.plan.dtype = is_matrix(shape) ? types.type_of(output.plan.name, output.group, columns) : DType::kF32;
    return output;
  }

 private:
  bool is_section(const char* section) const { return std::string_view(from_.section) == section; }
  bool is_stacked() const { return hub_name().find("{expert}") != std::string::npos; }
  bool is_matrix(const std::vector<int64_t>& shape) const {
    return shape.size() >= 2 && name_ != "conv1d" && name_ != "router" && name_ != "shared_expert_gate";
  }
  bool is_norm() const { return name_.ends_with("norm") && !is_section("linear"); }

  Change change() const {
    if (name_ == "A") return Change::kMinusExp;
    return is_norm() && facts_.norm_offset == 1.0 ? Change::kPlusOne : Change::kNone;
  }
  std::string group() const {
    if (is_section("model")) return name_;
    return is_stacked() ? "experts" : "dense";
  }

  // The plugin's name of what it is made of.
  std::string hub_weight() const {
    if (name_ == "in_proj_qkv" || name_ == "in_proj_z") return "in_proj_qkvz";
    return name_ == "A" ? "A_log" : name_;
  }
  std::string hub_name() const {
    std::string wanted = hub_weight();
    for (const auto& [name, tensor] : *from_.names)
      if (name == wanted) return from_.prefix + tensor;
    return from_.prefix + wanted;
  }

  Result<std::vector<RowRange>> ranges() const {
    std::vector<RowRange> ranges;
    int64_t count = is_stacked() ? facts_.experts : 1;
    for (int64_t expert = 0; expert < count; ++expert) {
      std::string tensor = with_expert(hub_name(), expert);
      const std::vector<int64_t>* shape = source_.find_shape(tensor);
      auto expected = hub_shapes(facts_, from_.section).at(hub_weight());
      if (!shape) return invalid("tensor " + tensor + ": is not in the checkpoint, expected one");
      if (*shape != expected)
        return invalid("tensor " + tensor + ": is of another shape than the configuration says");
      ranges.push_back({tensor, 0, rows_of(*shape)});
    }
    return name_ == "in_proj_qkv" || name_ == "in_proj_z" ? split(ranges[0].tensor) : ranges;
  }

  // in_proj_qkvz has per key head q[K], k[K], v[V H/J], z[V H/J]: all of q, then all of k, then all of v; or z.
  std::vector<RowRange> split(const std::string& tensor) const {
    int64_t K = facts_.key_dim, V = facts_.value_dim * facts_.value_heads / facts_.key_heads;
    std::vector<RowRange> ranges;
    auto take = [&](int64_t first, int64_t rows) {
      for (int64_t j = 0; j < facts_.key_heads; ++j)
        ranges.push_back({tensor, j * (2 * K + 2 * V) + first, rows});
    };
    if (name_ == "in_proj_z")
      take(2 * K + V, V);
    else
      take(0, K), take(K, K), take(2 * K, V);
    return ranges;
  }

  const Qwen3NextFacts& facts_;
  const TensorSource& source_;
  const TensorTable &from_, &to_;
  const std::string& name_;
};

// The number by which llama.cpp's files name the type of most matrices; no reader depends on it.
uint32_t file_type_of(DType type) {
  switch (type) {
    case DType::kF32: return 0;
    case DType::kF16: return 1;
    case DType::kQ4_0: return 2;
    case DType::kQ8_0: return 7;
    case DType::kQ4_K: return 15;
    case DType::kQ6_K: return 18;
    default: return 32;  // bf16
  }
}

void add_position(GgufPairs& pairs, const Qwen3NextFacts& facts) {
  const Qwen3NextPosition& position = facts.position;
  pairs.add("qwen3next.rope.freq_base", static_cast<float>(position.theta));
  pairs.add("qwen3next.rope.dimension_count", static_cast<uint32_t>(position.rotary_dim));
  if (!position.is_stretched) return;
  pairs.add("qwen3next.rope.scaling.type", "yarn");
  pairs.add("qwen3next.rope.scaling.factor", static_cast<float>(position.factor));
  pairs.add("qwen3next.rope.scaling.original_context_length", static_cast<uint32_t>(position.original_context));
}

void add_generation(GgufPairs& pairs, const Qwen3NextGeneration& generation) {
  pairs.add("general.sampling.temp", static_cast<float>(generation.temperature));
  if (generation.top_k > 0) pairs.add("general.sampling.top_k", static_cast<uint32_t>(generation.top_k));
  if (generation.top_p < 1) pairs.add("general.sampling.top_p", static_cast<float>(generation.top_p));
  if (generation.min_p > 0) pairs.add("general.sampling.min_p", static_cast<float>(generation.min_p));
}

}  // namespace

Result<std::vector<OutputTensor>> qwen3_next_gguf_outputs(const Qwen3NextFacts& facts,
                                                          const TensorSource& source,
                                                          const MatrixTypes& types) {
  Qwen3NextFacts split = facts;
  split.projections = "split";
  Qwen3NextNames hub_names = qwen3_next_hub_names(facts), gguf_names = qwen3_next_gguf_names(split);
  std::vector<TensorTable> from = tensor_tables(facts, hub_names), to = tensor_tables(facts, gguf_names);
  std::vector<OutputTensor> outputs;
  for (size_t i = 0; i < to.size(); ++i) {
    for (const auto& [name, tensor] : *to[i].names) {
      if (name == "head" && facts.is_tied) continue;
      TENON_TRY(OutputTensor output, Weight(facts, source, from[i], to[i], name).output(tensor, types));
      outputs.push_back(std::move(output));
    }
  }
  return outputs;
}

GgufPairs qwen3_next_gguf_pairs(const Qwen3NextFacts& facts, const MatrixTypes& types) {
  GgufPairs pairs;
  pairs.add("general.architecture", "qwen3next");
  pairs.add("general.name", facts.name);
  pairs.add("general.file_type", file_type_of(types.common()));
  pairs.add("general.quantization_version", uint32_t{2});
  auto interval = std::find(facts.mixers.begin(), facts.mixers.end(), "full") - facts.mixers.begin() + 1;
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, int64_t>>{
           {"block_count", facts.layers + (facts.has_speculative ? 1 : 0)},
           {"context_length", facts.context},
           {"embedding_length", facts.model_dim},
           {"feed_forward_length", facts.dense_dim ? facts.dense_dim : facts.expert_dim},
           {"attention.head_count", facts.heads},
           {"attention.head_count_kv", facts.kv_heads},
           {"attention.key_length", facts.head_dim},
           {"attention.value_length", facts.head_dim},
           {"expert_count", facts.experts},
           {"expert_used_count", facts.top_k},
           {"expert_feed_forward_length", facts.expert_dim},
           {"expert_shared_feed_forward_length", facts.shared_dim},
           {"ssm.conv_kernel", facts.conv_window},
           {"ssm.state_size", facts.key_dim},
           {"ssm.group_count", facts.key_heads},
           {"ssm.time_step_rank", facts.value_heads},
           {"ssm.inner_size", facts.value_heads * facts.value_dim},
           {"full_attention_interval", interval},
           {"vocab_size", facts.vocabulary}})
    pairs.add("qwen3next." + std::string(key), static_cast<uint32_t>(value));
  if (facts.has_speculative) pairs.add("qwen3next.nextn_predict_layers", uint32_t{1});
  if (!facts.normalise) pairs.add("qwen3next.expert_weights_norm", false);
  pairs.add("qwen3next.attention.layer_norm_rms_epsilon", static_cast<float>(facts.norm_eps));
  add_position(pairs, facts);
  add_generation(pairs, facts.generation);
  return pairs;
}

}  // namespace tenon
