#include <exporters/qwen3_next_tensors.hpp>

namespace tenon {
namespace {

std::string replaced(std::string text, const std::string& mark, int64_t number) {
  if (size_t at = text.find(mark); at != std::string::npos)
    text.replace(at, mark.size(), std::to_string(number));
  return text;
}

}  // namespace

std::string with_expert(std::string name, int64_t expert) {
  return replaced(std::move(name), "{expert}", expert);
}

std::vector<TensorTable> tensor_tables(const Qwen3NextFacts& facts, const Qwen3NextNames& names) {
  std::vector<TensorTable> tables = {{"model", "", &names.model}};
  auto add_ffn = [&](const std::string& prefix, bool is_sparse) {
    tables.push_back(is_sparse ? TensorTable{"sparse", prefix, &names.sparse}
                               : TensorTable{"dense", prefix, &names.dense});
  };
  for (int64_t i = 0; i < facts.layers; ++i) {
    std::string prefix = replaced(names.layer_prefix, "{layer}", i);
    tables.push_back({"layer", prefix, &names.layer});
    tables.push_back(facts.mixers[i] == "full" ? TensorTable{"full", prefix, &names.full}
                                               : TensorTable{"linear", prefix, &names.linear});
    add_ffn(prefix, facts.ffns[i] == "sparse");
  }
  if (!facts.has_speculative) return tables;
  std::string prefix = replaced(names.speculative_prefix, "{layer}", 0);
  tables.push_back({"layer", prefix, &names.layer});
  tables.push_back({"full", prefix, &names.full});
  add_ffn(prefix, facts.has_ffn("sparse"));
  tables.push_back({"speculative", "", &names.speculative});
  return tables;
}

std::map<std::string, std::vector<int64_t>> hub_shapes(const Qwen3NextFacts& facts,
                                                       const std::string& section) {
  int64_t D = facts.model_dim, queries = facts.heads * facts.head_dim, keys = facts.kv_heads * facts.head_dim;
  int64_t linear_keys = facts.key_heads * facts.key_dim, values = facts.value_heads * facts.value_dim;
  if (section == "model")
    return {{"embedding", {facts.vocabulary, D}}, {"final_norm", {D}}, {"head", {facts.vocabulary, D}}};
  if (section == "layer") return {{"mixer_norm", {D}}, {"experts_norm", {D}}};
  if (section == "speculative")
    return {{"fc", {D, 2 * D}}, {"embedding_norm", {D}}, {"hidden_norm", {D}}, {"norm", {D}}};
  if (section == "linear")
    return {{"in_proj_qkvz", {2 * linear_keys + 2 * values, D}},
            {"in_proj_ba", {2 * facts.value_heads, D}},
            {"conv1d", {2 * linear_keys + values, 1, facts.conv_window}},
            {"norm", {facts.value_dim}},
            {"out_proj", {D, values}},
            {"A_log", {facts.value_heads}},
            {"dt_bias", {facts.value_heads}}};
  if (section == "full")
    return {{"q_proj", {2 * queries, D}}, {"q_bias", {2 * queries}},
            {"q_norm", {facts.head_dim}}, {"k_proj", {keys, D}},
            {"k_bias", {keys}},           {"k_norm", {facts.head_dim}},
            {"v_proj", {keys, D}},        {"v_bias", {keys}},
            {"o_proj", {D, queries}},     {"o_bias", {D}}};
  if (section == "dense")
    return {{"gate_proj", {facts.dense_dim, D}},
            {"up_proj", {facts.dense_dim, D}},
            {"down_proj", {D, facts.dense_dim}}};
  return {{"router", {facts.experts, D}},
          {"gate_proj", {facts.expert_dim, D}},
          {"up_proj", {facts.expert_dim, D}},
          {"down_proj", {D, facts.expert_dim}},
          {"shared_gate_proj", {facts.shared_dim, D}},
          {"shared_up_proj", {facts.shared_dim, D}},
          {"shared_down_proj", {D, facts.shared_dim}},
          {"shared_expert_gate", {1, D}}};
}

}  // namespace tenon
