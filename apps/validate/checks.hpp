// What a plugin must get right whatever it computes. Each check runs on a freshly loaded library.
#pragma once
#include <tenon/model/plugin_library.hpp>

#include <functional>

namespace tenon {

struct Check {
  const char* name;
  const char* sentence;  // what it proves
  std::function<Status(const PluginLibrary& library)> run;
};

const std::vector<Check>& all_checks();

}  // namespace tenon
