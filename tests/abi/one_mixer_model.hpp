// A whole model in which one plugin mixes the tokens of every layer, without weights of its own.
#pragma once
#include <tests/testing/model_bench.hpp>

namespace tenon::testing {

inline ModelDescription describe_with_mixer(const std::string& plugin) {
  ModelDescription description = describe_fixture("tiny").value();
  for (auto& [name, role] : description.mixers) role.use.plugin = plugin, role.use.config = {};
  description.speculative.reset();
  description.weights.storage.ignore = {"*.linear_attn.*", "*.self_attn.*", "mtp.*"};
  return description;
}

inline PluginDirectory built_plugins() { return {TENON_PLUGINS, PluginDirectory::Trust::kInstalled}; }

}  // namespace tenon::testing
