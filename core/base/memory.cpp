#include <tenon/base/memory.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace tenon {
namespace {

uint64_t free_of_machine() {
  std::ifstream info("/proc/meminfo");
  for (std::string name, unit; info >> name;) {
    uint64_t kibibytes = 0;
    info >> kibibytes;
    std::getline(info, unit);
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return uint64_t{1} << 30;
}

// What the files of a memory control group say, v2 or v1; a missing file is no limit.
uint64_t free_of_group(const char* limit_file, const char* usage_file) {
  uint64_t limit = 0, usage = 0;
  std::ifstream limit_stream(limit_file), usage_stream(usage_file);
  if (!(limit_stream >> limit) || !(usage_stream >> usage)) return UINT64_MAX;
  return limit > usage ? limit - usage : 0;
}

uint64_t free_of_address_space() {
  struct rlimit limit {};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  uint64_t used = pages * 4096;
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

}  // namespace

std::optional<ProcessMemory> find_process_memory() {
  std::ifstream status("/proc/self/status");
  ProcessMemory memory;
  for (std::string line; std::getline(status, line);) {
    unsigned long long kibibytes = 0;
    char name[32] = "";
    if (std::sscanf(line.c_str(), "%31[^:]: %llu kB", name, &kibibytes) != 2) continue;
    if (std::strcmp(name, "VmHWM") == 0) memory.peak = kibibytes * 1024;
    if (std::strcmp(name, "RssAnon") == 0) memory.own = kibibytes * 1024;
    if (std::strcmp(name, "RssFile") == 0) memory.of_files = kibibytes * 1024;
  }
  return memory.peak > 0 ? std::optional(memory) : std::nullopt;
}

uint64_t available_memory() {
  return std::min({free_of_machine(),
                   free_of_group("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
                   free_of_group("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                 "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
                   free_of_address_space()});
}

}  // namespace tenon
