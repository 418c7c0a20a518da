#pragma once
#include <tenon/base/check.hpp>

namespace tenon::testing {

template <class Table>
Result<PluginObject<Table>> create_object(const char* interface_id,
                                          const std::map<std::string, ConfigValue>& config,
                                          const TestHost& host) {
  PluginUse use;
  use.plugin = linked_plugin().id();
  for (const auto& [key, value] : config) use.config.entries[key] = {value, Place{"test", 1, 1}};
  return PluginObject<Table>::create(linked_plugin(), interface_id, use, host.make_host());
}

template <class Table>
PluginObject<Table> make_object(const char* interface_id, const std::map<std::string, ConfigValue>& config,
                                const TestHost& host) {
  auto object = create_object<Table>(interface_id, config, host);
  TENON_CHECK(object.ok(), "{}", object.error().text);
  return std::move(object).value();
}

}  // namespace tenon::testing
