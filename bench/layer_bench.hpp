// Measuring what is a plugin's own in a layer: the core's dense operations answer with prepared numbers, and
// their time is not counted. For the benchmarks beside the plugins, whose plugin is linked in.
#pragma once
#include "peaks.hpp"

#include <tests/testing/plugin_bench.hpp>

#include <chrono>

namespace tenon::bench {

// The shape and the largest step of what is measured; model_dim is the real model's.
tenon_model_shape real_shape(uint32_t rotary_pairs);
tenon_limits real_limits(uint32_t tokens, uint32_t sequences);

// Creates, plans and binds an object of the linked plugin, on a host as described above. Its weights have
// shapes and no numbers, but for what it reads by itself.
template <class Table>
PluginObject<Table> make_bare_object(const char* interface_id, const std::map<std::string, ConfigValue>& config,
                                     const tenon_model_shape& shape, const tenon_limits& limits,
                                     tenon_needs* needs);

std::unique_ptr<PluginHost> make_bare_host();
const tenon_weights* bare_weights();

// Seconds in the core's operations since the last call.
double take_seconds_in_ops();

// Times body() without the core's operations. REQUIRES: UseManualTime()
template <class Body>
void time_without_ops(benchmark::State& state, Body&& body) {
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    take_seconds_in_ops();
    Clock::time_point start = Clock::now();
    body();
    double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    state.SetIterationTime(seconds - take_seconds_in_ops());
  }
}

// Ordinary float32 numbers over memory that a step is to find filled.
void fill(void* memory, uint64_t bytes);

// -- Implementation

template <class Table>
PluginObject<Table> make_bare_object(const char* interface_id, const std::map<std::string, ConfigValue>& config,
                                     const tenon_model_shape& shape, const tenon_limits& limits,
                                     tenon_needs* needs) {
  PluginUse use;
  use.plugin = testing::linked_plugin().id();
  for (const auto& [key, value] : config) use.config.entries[key] = {value, Place{"bench", 1, 1}};
  auto created = PluginObject<Table>::create(testing::linked_plugin(), interface_id, use, make_bare_host());
  TENON_CHECK(created.ok(), "{}", created.error().text);
  PluginObject<Table> object = std::move(created).value();
  needs->size = sizeof(*needs);
  Status planned = object.call(&Table::plan, &shape, &limits, needs);
  TENON_CHECK(planned.ok(), "{}", planned.error().text);
  Status bound = object.call(&Table::bind, bare_weights());
  TENON_CHECK(bound.ok(), "{}", bound.error().text);
  return object;
}

}  // namespace tenon::bench
