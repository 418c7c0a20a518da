// How much memory this process may still take.
#pragma once
#include <cstdint>

namespace tenon {

// Bytes that are free or can be freed without swapping, no more than limits on this process (address space,
// control group) leave. An estimate: it is read once, to choose defaults and to refuse what cannot work.
uint64_t available_memory();

}  // namespace tenon
