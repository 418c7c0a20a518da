#include <apps/common/memory_report.hpp>

#include <tenon/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace tenon {

std::string memory_line(const ProcessMemory& memory) {
  return "memory: " + format_bytes(memory.peak) + " at most; now " + format_bytes(memory.own) +
         " of its own and " + format_bytes(memory.of_files) + " of mapped files, which others may share";
}

std::string expert_cache_line(const ExpertCacheStats& stats) {
  uint64_t asked = std::max<uint64_t>(stats.hits + stats.misses, 1);
  return fmt::format("experts: {:.1f} % of {} matrices found in {} of memory; {} read, {:.2f} s waited for",
                     100.0 * static_cast<double>(stats.hits) / static_cast<double>(asked),
                     stats.hits + stats.misses, format_bytes(stats.bytes), format_bytes(stats.bytes_read),
                     stats.wait_seconds);
}

}  // namespace tenon
