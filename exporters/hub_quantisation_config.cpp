#include <exporters/hub_quantisation_config.hpp>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

namespace tenon {
namespace {

// A module, "model.layers.0.mlp.gate", and the type of its quantised weight, if it is that.
using Modules = std::vector<std::pair<std::string, std::optional<DType>>>;

Modules modules_of(const std::vector<OutputTensor>& outputs) {
  constexpr std::string_view kEnd = ".weight";
  Modules modules;
  for (const OutputTensor& output : outputs) {
    std::string name = output.ranges[0].tensor;
    if (!name.ends_with(kEnd) || output.shape().size() < 2) continue;
    name.resize(name.size() - kEnd.size());
    modules.emplace_back(name, output.scaled ? std::optional(output.type()) : std::nullopt);
  }
  return modules;
}

bool is_number(const std::string& part) {
  return !part.empty() &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c); });
}

// "model.layers.3.mlp.gate" -> "re:^model\.layers\.\d+\.mlp\.gate$"
std::string expression_of(const std::string& module) {
  std::string expression = "re:^";
  for (size_t at = 0; at <= module.size();) {
    size_t dot = std::min(module.find('.', at), module.size());
    std::string part = module.substr(at, dot - at);
    expression += (at ? "\\." : "") + (is_number(part) ? "\\d+" : part);
    at = dot + 1;
  }
  return expression + "$";
}

// Those of one type: an expression where it says the same of all modules that it fits, or else their names.
std::vector<std::string> names_of(const Modules& modules, std::optional<DType> type) {
  std::map<std::string, std::set<std::optional<DType>>> types;
  for (const auto& [name, own] : modules) types[expression_of(name)].insert(own);
  std::vector<std::string> names;
  for (const auto& [name, own] : modules) {
    if (own != type) continue;
    std::string expression = expression_of(name);
    bool is_common = types[expression].size() == 1 && expression.find("\\d") != std::string::npos;
    std::string entry = is_common ? expression : name;
    if (std::find(names.begin(), names.end(), entry) == names.end()) names.push_back(entry);
  }
  return names;
}

Json fp8_config(const Modules& modules) {
  Json kept = Json::array();
  for (const auto& [name, type] : modules)
    if (!type) kept.push_back(name);
  return {{"quant_method", "fp8"},
          {"fmt", "e4m3"},
          {"activation_scheme", "dynamic"},
          {"weight_block_size", {128, 128}},
          {"modules_to_not_convert", kept}};
}

Json group_config(DType type, const std::vector<std::string>& targets) {
  BlockSize block = block_of(type);
  return {{"targets", targets},
          {"input_activations", nullptr},
          {"output_activations", nullptr},
          {"weights",
           {{"num_bits", 8 * block.bytes / block.elements},
            {"type", "int"},
            {"symmetric", true},
            {"strategy", "group"},
            {"group_size", block.elements},
            {"dynamic", false},
            {"actorder", nullptr}}}};
}

Json integer_config(const Modules& modules, const std::set<DType>& types) {
  Json groups = Json::object();
  for (DType type : types) {
    // One type alone is that of every linear module but those that are ignored.
    std::vector<std::string> targets =
        types.size() == 1 ? std::vector<std::string>{"Linear"} : names_of(modules, type);
    groups["group_" + std::to_string(groups.size())] = group_config(type, targets);
  }
  return {{"quant_method", "compressed-tensors"},      {"format", "pack-quantized"},
          {"quantization_status", "compressed"},       {"config_groups", groups},
          {"ignore", names_of(modules, std::nullopt)}, {"kv_cache_scheme", nullptr}};
}

}  // namespace

Result<Json> hub_quantisation_config(const std::vector<OutputTensor>& outputs) {
  Modules modules = modules_of(outputs);
  std::set<DType> types;
  for (const auto& [name, type] : modules)
    if (type) types.insert(*type);
  if (types.empty()) return Json();
  if (!types.contains(DType::kF8E4M3)) return integer_config(modules, types);
  if (types.size() > 1)
    return invalid("--type, --tensor: mix fp8 and integers, expected one of the two in a directory");
  return fp8_config(modules);
}

}  // namespace tenon
