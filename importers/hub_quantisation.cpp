#include <importers/hub_quantisation.hpp>

namespace tenon {
namespace {

// "model.layers.17.mlp.gate" -> "model.layers.*.mlp.gate.weight"
std::string pattern_of(const std::string& module) {
  std::string pattern;
  for (size_t at = 0; at < module.size();) {
    size_t dot = std::min(module.find('.', at), module.size());
    std::string part = module.substr(at, dot - at);
    bool is_number = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    pattern += is_number ? "*." : part + ".";
    at = dot + 1;
  }
  return pattern + "weight";
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// "re:^model\.layers\.\d+\.mlp\.gate$" -> "model.layers.*.mlp.gate.weight". What a pattern cannot say stays as
// it is, and then fits nothing.
std::string pattern_of_expression(std::string expression) {
  for (const auto& [from, to] : {std::pair("\\d+", "*"), {".*", "*"}, {"\\.", "."}})
    expression = replace_all(expression, from, to);
  if (expression.starts_with('^')) expression.erase(0, 1);
  if (expression.ends_with('$')) expression.pop_back();
  return expression + ".weight";
}

// Files list norms and gates too, which nobody takes for matrices.
bool may_be_matrix(const std::string& module) {
  for (const char* other : {"norm", "A_log", "dt_bias", "conv1d"})
    if (module.find(other) != std::string::npos) return false;
  return true;
}

std::vector<std::string> patterns_of(const std::vector<std::string>& modules) {
  std::set<std::string> patterns = {"model.embed_tokens.weight"};  // a table, which no converter touches
  for (const std::string& module : modules)
    if (may_be_matrix(module))
      patterns.insert(module.starts_with("re:") ? pattern_of_expression(module.substr(3)) : pattern_of(module));
  return {patterns.begin(), patterns.end()};
}

Result<HubQuantisation> read_fp8(const HubConfig& hub, const Json& from) {
  Json tile = from.value("weight_block_size", Json());
  if (tile != Json::array({128, 128})) return hub.refuse(from, "weight_block_size", tile, "[128, 128]");
  TENON_TRY(std::vector<std::string> kept, hub.get_texts(from, "modules_to_not_convert"));
  return HubQuantisation{"f8_e4m3", patterns_of(kept)};
}

// group_size: inputs per scale, -1 for whole rows.
std::string type_of(int64_t bits, int64_t group_size, bool is_symmetric) {
  if (bits == 4 && !is_symmetric) return "uint4_32";
  std::string name = bits == 4 ? "int4" : "int8";
  return group_size == -1 || group_size % 128 == 0 ? name : name + "_32";
}

constexpr const char* kGroupSizes = "a multiple of 32, or -1 for whole rows";
bool is_group_size(int64_t size) { return size == -1 || (size > 0 && size % 32 == 0); }

// One of config_groups: which bits, and how many share a scale.
Result<std::string> read_group(const HubConfig& hub, const Json& from, const std::string& name,
                               const Json& group) {
  std::string where = "config_groups." + name;
  if (!group.is_object() || !group.contains("weights") || !group["weights"].is_object())
    return hub.refuse(from, where, group, "an object with weights");
  if (Json other = group.value("input_activations", Json()); !other.is_null())
    return hub.refuse(from, where + ".input_activations", other, "null");
  const Json& weights = group["weights"];
  where += ".weights";
  auto value = [&](const char* key, Json fallback) {
    auto found = weights.find(key);
    return found == weights.end() || found->is_null() ? fallback : *found;
  };
  Json bits = value("num_bits", 8), type = value("type", "int"), strategy = value("strategy", "group");
  Json size = value("group_size", strategy == "channel" ? -1 : 0), symmetric = value("symmetric", true);
  if (bits != 4 && bits != 8) return hub.refuse(from, where + ".num_bits", bits, "4 or 8");
  if (type != "int") return hub.refuse(from, where + ".type", type, "\"int\"");
  if (strategy != "group" && strategy != "channel")
    return hub.refuse(from, where + ".strategy", strategy, "\"group\" or \"channel\"");
  if (!size.is_number_integer() || !is_group_size(size.get<int64_t>()))
    return hub.refuse(from, where + ".group_size", size, kGroupSizes);
  if (!symmetric.is_boolean()) return hub.refuse(from, where + ".symmetric", symmetric, "true or false");
  return type_of(bits.get<int64_t>(), size.get<int64_t>(), symmetric.get<bool>());
}

Result<HubQuantisation> read_compressed_tensors(const HubConfig& hub, const Json& from) {
  TENON_TRY(std::string format, hub.get_text(from, "format"));
  Json groups = from.value("config_groups", Json());
  if (format != "pack-quantized") return hub.refuse(from, "format", format, "\"pack-quantized\"");
  if (!groups.is_object() || groups.empty()) return hub.refuse(from, "config_groups", groups, "an object");
  HubQuantisation quantisation;
  for (const auto& [name, group] : groups.items()) {
    TENON_TRY(std::string type, read_group(hub, from, name, group));
    if (quantisation.matrices.empty()) quantisation.matrices = type;
  }
  TENON_TRY(std::vector<std::string> ignored, hub.get_texts(from, "ignore"));
  quantisation.except = patterns_of(ignored);
  return quantisation;
}

// What GPTQ and AutoRound share.
Result<HubQuantisation> read_gptq(const HubConfig& hub, const Json& from) {
  TENON_TRY(int64_t bits, hub.get_int(from, "bits", 1, 64));
  TENON_TRY(int64_t group_size, hub.get_int(from, "group_size", -1, 1 << 20));
  TENON_TRY(bool is_symmetric, hub.get_bool(from, "sym", true));
  if (bits != 4 && bits != 8) return hub.refuse(from, "bits", bits, "4 or 8");
  if (!is_group_size(group_size)) return hub.refuse(from, "group_size", group_size, kGroupSizes);
  HubQuantisation quantisation{type_of(bits, group_size, is_symmetric), {}};
  quantisation.except =
      patterns_of({"lm_head", "model.layers.*.mlp.gate", "model.layers.*.mlp.shared_expert_gate"});
  TENON_TRY(std::string format, hub.get_text(from, "checkpoint_format", "gptq"));
  if (format != "gptq" && format != "gptq_v2")
    return hub.refuse(from, "checkpoint_format", format, "\"gptq\" or \"gptq_v2\"");
  if (format == "gptq_v2") quantisation.gptq_version = 2;
  return quantisation;
}

Result<HubQuantisation> read_auto_round(const HubConfig& hub, const Json& from) {
  constexpr const char* kPacking = "auto_round:auto_gptq";
  TENON_TRY(std::string packing, hub.get_text(from, "packing_format", kPacking));
  if (packing != kPacking)
    return hub.refuse(from, "packing_format", packing, "\"" + std::string(kPacking) + "\"");
  return read_gptq(hub, from);
}

// One line per method.
struct Method {
  const char* name;
  Result<HubQuantisation> (*read)(const HubConfig& hub, const Json& from);
};
constexpr Method kMethods[] = {{"fp8", read_fp8},
                               {"compressed-tensors", read_compressed_tensors},
                               {"gptq", read_gptq},
                               {"auto-round", read_auto_round},
                               {"intel/auto-round", read_auto_round}};

}  // namespace

Result<HubQuantisation> read_quantisation(const HubConfig& hub) {
  TENON_TRY(const Json* from, hub.find_object(hub.config(), "quantization_config"));
  if (!from) return HubQuantisation{};
  TENON_TRY(std::string name, hub.get_text(*from, "quant_method"));
  for (const Method& method : kMethods)
    if (name == method.name) return method.read(hub, *from);
  return hub.refuse(*from, "quant_method", name, "\"fp8\", \"compressed-tensors\", \"gptq\" or \"auto-round\"");
}

}  // namespace tenon
