// Every byte that CPython takes from the system, counted, with a ceiling while a template runs.
#pragma once
#include <cstdint>

namespace tenon::jinja {

// REQUIRES: called once, between Py_PreInitialize and Py_InitializeFromConfig.
void install_memory_meter();

// While it lives, CPython gets at most so many more bytes; then its allocations fail and MemoryError is raised.
// Small objects are exempt, so that there is room to raise it. One at a time.
class MemoryCeiling {
 public:
  explicit MemoryCeiling(uint64_t bytes);
  ~MemoryCeiling();
  MemoryCeiling(const MemoryCeiling&) = delete;
};

}  // namespace tenon::jinja
