#include <apps/common/model_report.hpp>

#include <cmath>

namespace tenon {
namespace {

Json layers_of(const Assembly& assembly) {
  const ModelDescription& d = assembly.description();
  Json layers = Json::array();
  for (uint32_t i = 0; i < d.layers.size(); ++i)
    layers.push_back({{"layer", i},
                      {"mixer", plugin_of(d.mixers, d.layers[i].mixer)},
                      {"experts", plugin_of(d.experts, d.layers[i].experts)},
                      {"mixer_role", d.layers[i].mixer},
                      {"experts_role", d.layers[i].experts},
                      {"bytes_per_token", assembly.needs()[i].bytes_per_token},
                      {"bytes_per_sequence", assembly.needs()[i].bytes_per_sequence}});
  return layers;
}

Json use_of(const PluginUse& use) {
  Json config = Json::object();
  for (const auto& [key, entry] : use.config.entries)
    std::visit([&, name = key](const auto& value) { config[name] = value; }, entry.value);
  return {{"plugin", use.plugin}, {"config", std::move(config)}};
}

Json uses_of(const std::map<std::string, Role>& roles) {
  Json uses = Json::object();
  for (const auto& [name, role] : roles) uses[name] = use_of(role.use);
  return uses;
}

}  // namespace

const std::string& plugin_of(const std::map<std::string, Role>& roles, const std::string& role) {
  return roles.at(role).use.plugin;
}

StateBytes state_bytes_of(const Assembly& assembly) {
  StateBytes totals;
  for (const tenon_needs& needs : assembly.needs()) {
    totals.per_token += needs.bytes_per_token;
    totals.per_sequence += needs.bytes_per_sequence;
  }
  return totals;
}

Json model_report(const Assembly& assembly) {
  const ModelDescription& d = assembly.description();
  const WeightTotals& totals = assembly.totals();
  StateBytes state = state_bytes_of(assembly);
  return {{"name", d.name},
          {"model_dim", d.model_dim},
          {"vocabulary", d.vocabulary},
          {"context_max", d.context_max},
          {"position", d.position ? Json(d.position->use.plugin) : Json()},
          {"cache", d.cache.plugin},
          {"speculative", d.speculative ? Json(d.speculative->use.plugin) : Json()},
          {"parameters", totals.parameters},
          {"active_parameters", std::llround(totals.active_parameters)},
          {"weight_bytes", totals.bytes},
          {"active_weight_bytes", std::llround(totals.active_bytes)},
          {"bytes_per_token", state.per_token},
          {"bytes_per_sequence", state.per_sequence},
          {"page_tokens", assembly.cache_layout().plan.page_tokens},
          {"layers", layers_of(assembly)}};
}

Json plugin_report(const ModelDescription& description) {
  Json report = {{"position", nullptr},
                 {"mixers", uses_of(description.mixers)},
                 {"experts", uses_of(description.experts)},
                 {"cache", use_of(description.cache)},
                 {"speculative", nullptr}};
  if (description.position) report["position"] = use_of(description.position->use);
  if (description.speculative) {
    report["speculative"] = use_of(description.speculative->use);
    report["speculative"]["draft_tokens"] = description.speculative->draft_tokens;
  }
  return report;
}

}  // namespace tenon
