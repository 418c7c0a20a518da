// An assembled model as JSON: which plugin stands where, how it is configured, and what it costs. The same for
// `tenon inspect --json` and the server's /props.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/model/assembly.hpp>

namespace tenon {

// The plugin that a role of the description names. REQUIRES: the role exists
const std::string& plugin_of(const std::map<std::string, Role>& roles, const std::string& role);

// Of all layers together, those of the speculator too.
struct StateBytes {
  uint64_t per_token = 0, per_sequence = 0;
};
StateBytes state_bytes_of(const Assembly& assembly);

// Keys: name, model_dim, ..., page_tokens, cache, speculative, and `layers`, a list in their order with each
// one's mixer, experts and bytes. Paths of files are not in it.
Json model_report(const Assembly& assembly);

// Keys: position, mixers, experts, cache, speculative; in mixers and experts by the name of the role. Each has
// `plugin` and `config`, as the description spells it: what it leaves to the plugin's default is not in it.
Json plugin_report(const ModelDescription& description);

}  // namespace tenon
