// The tensors of a Qwen3-Next checkpoint, table by table.
#pragma once
#include <importers/qwen3_next.hpp>

#include <map>

namespace tenon {

// A table of weights in one place of the model. Those of two layouts correspond, one by one.
struct TensorTable {
  const char* section;  // "model", "layer", "linear", "full", "sparse", "dense" or "speculative"
  std::string prefix;   // of the tensors' names
  const WeightNames* names;
};

// The model's own, then those of each layer, then those of the head that guesses ahead. `names` must live on.
std::vector<TensorTable> tensor_tables(const Qwen3NextFacts& facts, const Qwen3NextNames& names);

// "experts.{expert}.up_proj" of expert 3: "experts.3.up_proj"
std::string with_expert(std::string name, int64_t expert);

// The shape of each weight of a section, in the Hugging Face layout, by the plugin's names.
std::map<std::string, std::vector<int64_t>> hub_shapes(const Qwen3NextFacts& facts, const std::string& section);

}  // namespace tenon
