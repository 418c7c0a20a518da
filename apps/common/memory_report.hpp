// What a program says of the memory it took.
#pragma once
#include <tenon/base/memory.hpp>
#include <tenon/ops/expert_cache.hpp>

#include <string>

namespace tenon {

// "memory: 4.10 GiB at most; now 3.90 GiB of its own and 180 MiB of mapped files, which others may share"
std::string memory_line(const ProcessMemory& memory);

// "experts: 91.2 % of 1200 matrices found in 2.00 GiB of memory; 58.1 MiB read, 0.4 s waited for"
// REQUIRES: there is such a cache
std::string expert_cache_line(const ExpertCacheStats& stats);

}  // namespace tenon
