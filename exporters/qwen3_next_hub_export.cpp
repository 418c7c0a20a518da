#include <exporters/qwen3_next_hub_export.hpp>

#include <exporters/qwen3_next_tensors.hpp>

namespace tenon {
namespace {

bool is_matrix(const std::string& name, const std::vector<int64_t>& shape) {
  return shape.size() == 2 && name != "router" && name != "shared_expert_gate";
}

std::string group_of(const TensorTable& table, const std::string& name, const std::string& tensor) {
  if (std::string_view(table.section) == "model") return name;
  return tensor.find("{expert}") == std::string::npos ? "dense" : "experts";
}

OutputTensor output_of(const std::string& tensor, const std::vector<int64_t>& shape, DType type) {
  OutputTensor output{{tensor, type, shape}, {{tensor, 0, rows_of(shape)}}};
  if (!is_scaled(type)) return output;
  output.scaled = scaled_matrix(tensor, type, shape[0], shape[1]);
  output.plan = output.scaled->codes;
  return output;
}

}  // namespace

Result<std::vector<OutputTensor>> qwen3_next_hub_outputs(const Qwen3NextFacts& facts,
                                                         const TensorSource& source, const MatrixTypes& types) {
  std::vector<OutputTensor> outputs;
  for (const TensorTable& table : tensor_tables(facts, facts.names)) {
    auto shapes = hub_shapes(facts, table.section);
    for (const auto& [name, pattern] : *table.names) {
      if (name == "head" && facts.is_tied) continue;
      std::string group = group_of(table, name, pattern);
      for (int64_t expert = 0; expert < (group == "experts" ? facts.experts : 1); ++expert) {
        std::string tensor = with_expert(table.prefix + pattern, expert);
        const std::vector<int64_t>* shape = source.find_shape(tensor);
        if (!shape) return invalid("tensor " + tensor + ": is not in the checkpoint, expected one");
        if (*shape != shapes.at(name))
          return invalid("tensor " + tensor + ": is of another shape than the configuration says");
        DType own = source.type_of(tensor);
        bool may_change = is_matrix(name, *shape);
        outputs.push_back(
            output_of(tensor, *shape, may_change ? types.type_of(tensor, group, shape->back(), own) : own));
        outputs.back().group = group;
      }
    }
  }
  return outputs;
}

}  // namespace tenon
