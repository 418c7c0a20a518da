#include "checks.hpp"

#include <tenon/abi/tenon_cache_manager.h>
#include <tenon/abi/tenon_expert_layer.h>
#include <tenon/abi/tenon_position_encoding.h>
#include <tenon/abi/tenon_speculator.h>
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/model/config_object.hpp>
#include <tenon/model/host.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tenon {
namespace {

// The three functions with which every interface's table begins, after its size.
struct Lifecycle {
  uint32_t size, reserved;
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) noexcept;
  void (*destroy)(void* self) noexcept;
};
static_assert(offsetof(Lifecycle, create) == offsetof(tenon_token_mixer, create));
static_assert(offsetof(Lifecycle, destroy) == offsetof(tenon_speculator, destroy));
static_assert(offsetof(Lifecycle, destroy) == offsetof(tenon_cache_manager, destroy));
static_assert(offsetof(Lifecycle, destroy) == offsetof(tenon_expert_layer, destroy));
static_assert(offsetof(Lifecycle, destroy) == offsetof(tenon_position_encoding, destroy));

Error broken(const std::string& fact) { return invalid(fact); }

// Stands where a speculator's layers come from.
class NoLayers final : public LayerProvider {
  static Error none() { return {TENON_UNSUPPORTED, "a validation has no model to take layers from"}; }
  Result<tenon_layer*> create(const std::string&, const std::string&, uint32_t) override { return none(); }
  Result<tenon_needs> plan(tenon_layer&) override { return none(); }
  Status bind(tenon_layer&) override { return none(); }
  Status forward(tenon_layer&, const tenon_step&, const tenon_state&, Matrix, Matrix) override {
    return none();
  }
  Status embed(const int32_t*, Matrix) override { return none(); }
  Status head(Matrix, Matrix) override { return none(); }
  Result<const tenon_step*> next(const tenon_step&) override { return none(); }
};

// A host that offers services as the engine does, but has no model behind it.
struct Bench {
  ThreadPool threads{1};
  DenseOps ops{Isa::kScalar, threads};
  TraceSink trace;
  Services services{&ops, &trace};
  NoLayers layers;
  PluginHost host{"validate", "", services, &layers};
};

// The least value that obeys the rules, or the greatest where there is only an upper bound.
double smallest_number(const SchemaKey& key) {
  std::optional<double> most = key.at_most ? key.at_most : key.below;
  if (key.kind == ValueKind::kFloat) {
    if (key.at_least) return *key.at_least;
    if (key.above) return most ? (*key.above + *most) / 2 : *key.above + 1;
    return most ? *most - 1 : 0;
  }
  double least = key.at_least ? *key.at_least
                 : key.above  ? std::floor(*key.above) + 1
                 : most       ? std::min(0.0, *most - 1)
                              : 0;
  double step = static_cast<double>(key.multiple_of.value_or(1));
  return std::ceil(least / step) * step;
}

ConfigValue smallest_value(const SchemaKey& key) {
  switch (key.kind) {
    case ValueKind::kInt: return static_cast<int64_t>(smallest_number(key));
    case ValueKind::kFloat: return smallest_number(key);
    case ValueKind::kBool: return false;
    case ValueKind::kString: return std::string("a");
    case ValueKind::kChoice: return key.words.front();
  }
  return false;
}

// Defaults, and for the rest the smallest values. Fails where no value obeys the rules of its key.
Result<ConfigTable> smallest_configuration(const Schema& schema) {
  ConfigTable table;
  for (const SchemaKey& key : schema.keys())
    if (!key.fallback) table.entries[key.name] = {smallest_value(key), {}};
  return schema.check(table, "schema");
}

Status unknown_interface(const PluginLibrary& library) {
  if (library.entry().get_interface("tenon.no_such_interface/1"))
    return broken("answers to an interface that does not exist");
  if (library.entry().get_interface("")) return broken("answers to an empty interface id");
  return ok();
}

Status same_table(const PluginLibrary& library) {
  for (const std::string& id : library.interfaces())
    if (library.entry().get_interface(id.c_str()) != library.entry().get_interface(id.c_str()))
      return broken("gives two tables for " + id + ", expected static storage");
  return ok();
}

Status destroys_null(const PluginLibrary& library) {
  for (const std::string& id : library.interfaces())
    static_cast<const Lifecycle*>(library.entry().get_interface(id.c_str()))->destroy(nullptr);
  return ok();
}

// A failed create must leave *self alone and give a reason.
Status create_and_destroy(const PluginLibrary& library) {
  Bench bench;
  TENON_TRY(ConfigTable table, smallest_configuration(library.schema()));
  for (const std::string& id : library.interfaces()) {
    auto* lifecycle = static_cast<const Lifecycle*>(library.entry().get_interface(id.c_str()));
    ConfigObject config(table);
    char marker = 0;
    void* self = &marker;
    tenon_status code = lifecycle->create(bench.host.raw(), config.raw(), &self);
    if (code == TENON_OK && (self == &marker || !self)) return broken("create succeeds without setting *self");
    if (code == TENON_OK) lifecycle->destroy(self);
    if (code != TENON_OK && self != &marker) return broken("create fails and sets *self");
    bool has_reason = !config.complaint().empty() ||
                      bench.host.take_error(code).text.find("no reason given") == std::string::npos;
    if (code != TENON_OK && !has_reason) return broken("create fails without giving a reason");
  }
  return ok();
}

Status objects_are_independent(const PluginLibrary& library) {
  Bench bench;
  TENON_TRY(ConfigTable table, smallest_configuration(library.schema()));
  for (const std::string& id : library.interfaces()) {
    auto* lifecycle = static_cast<const Lifecycle*>(library.entry().get_interface(id.c_str()));
    ConfigObject config(table);
    void *first = nullptr, *second = nullptr;
    if (lifecycle->create(bench.host.raw(), config.raw(), &first) != TENON_OK) continue;
    if (lifecycle->create(bench.host.raw(), config.raw(), &second) != TENON_OK)
      return broken("creates one object but not a second");
    if (first == second) return broken("gives the same object twice");
    lifecycle->destroy(first);
    lifecycle->destroy(second);
  }
  return ok();
}

Status documented_schema(const PluginLibrary& library) {
  for (const SchemaKey& key : library.schema().keys())
    if (key.documentation.empty())
      return broken("key " + key.name + " of the schema has no line of documentation");
  if (std::strlen(library.entry().summary) == 0) return broken("summary is empty");
  return ok();
}

}  // namespace

const std::vector<Check>& all_checks() {
  static const std::vector<Check> checks = {
      {"unknown_interface", "an unknown interface id gives NULL", unknown_interface},
      {"same_table", "an interface's table is static", same_table},
      {"destroys_null", "destroy accepts NULL", destroys_null},
      {"create_and_destroy", "the smallest configuration is created, or refused with a reason",
       create_and_destroy},
      {"objects_are_independent", "two objects can live at once", objects_are_independent},
      {"documented_schema", "every configuration key has a line of documentation", documented_schema},
  };
  return checks;
}

}  // namespace tenon
