// What libtenon_jinja.so offers: Jinja2 in an embedded CPython. It is loaded when the first template is
// compiled, so that neither libtenon_core.so nor a program links Python. Both sides are built together; this is
// no public contract.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <string>

namespace tenon::jinja {

// A template is a program from a model file, so each run of it ends at one of these.
struct Limits {
  uint32_t cpu_time_ms = 1000;
  uint64_t memory_bytes = uint64_t{256} << 20;  // on top of what the interpreter holds already
  uint64_t output_bytes = uint64_t{16} << 20;
};

// All from any thread; one template runs at a time. The texts of errors say nothing of who asked:
// "line 3: 'x' is undefined".
struct Engine {
  // Returns a handle for render and release.
  Result<int64_t> (*compile)(const std::string& source, const Limits& limits);
  // request and special_tokens are JSON objects: see ChatTemplate::render.
  Result<std::string> (*render)(int64_t handle, const std::string& request, const std::string& special_tokens,
                                const Limits& limits);
  void (*release)(int64_t handle) noexcept;
};

}  // namespace tenon::jinja

// The one symbol that the module exports. Starts the interpreter; fails with what to install.
extern "C" __attribute__((visibility("default"))) const tenon::Result<const tenon::jinja::Engine*>&
tenon_jinja_engine();
