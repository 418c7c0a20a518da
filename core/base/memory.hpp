// How much memory this process has, and how much it may still take.
#pragma once
#include <cstdint>
#include <optional>

namespace tenon {

// Bytes that are free or can be freed without swapping, no more than limits on this process (address space,
// control group) leave. An estimate: it is read once, to choose defaults and to refuse what cannot work.
uint64_t available_memory();

// What the kernel counts for this process, in bytes. Pages of mapped files are counted apart: they are shared
// with others that map the file, and go without being written when memory is short.
struct ProcessMemory {
  uint64_t own = 0;       // that nobody else can use: what was allocated
  uint64_t of_files = 0;  // of mapped files, as far as they are there now
  uint64_t peak = 0;      // of both together, ever
};

// Nothing where the system does not say.
std::optional<ProcessMemory> find_process_memory();

}  // namespace tenon
