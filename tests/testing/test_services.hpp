// The services of a host, with nothing behind them but arithmetic: enough to create plugin objects.
#pragma once
#include <tenon/model/plugin_object.hpp>

namespace tenon::testing {

struct TestServices {
  ThreadPool threads{1};
  DenseOps ops{Isa::kScalar, threads};
  TraceSink trace;
  Services services{&ops, &trace};

  std::unique_ptr<PluginHost> make_host(const std::string& place, LayerProvider* layers = nullptr) {
    return std::make_unique<PluginHost>(place, "trace.", services, layers);
  }
};

}  // namespace tenon::testing
