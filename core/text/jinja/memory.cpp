#include <tenon/text/jinja/memory.hpp>

#include <Python.h>

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <limits>

namespace tenon::jinja {
namespace {

// CPython asks here for objects of more than 512 bytes; smaller ones it cuts from arenas, which are counted
// only.
constexpr int64_t kNoCeiling = std::numeric_limits<int64_t>::max();
// Per thread: only templates run into it, not the thread that interrupts one and cannot do without memory.
thread_local int64_t ceiling = kNoCeiling;

struct Meter {
  std::atomic<int64_t> used{0};

  bool has_room(size_t bytes) const {
    return bytes <= static_cast<size_t>(PY_SSIZE_T_MAX) &&
           used.load(std::memory_order_relaxed) <= ceiling - static_cast<int64_t>(bytes);
  }
  void* count(void* memory) {
    used.fetch_add(static_cast<int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
    return memory;
  }
  void discount(void* memory) {
    used.fetch_sub(static_cast<int64_t>(malloc_usable_size(memory)), std::memory_order_relaxed);
  }
};

Meter meter;

void* meter_malloc(void*, size_t bytes) {
  return meter.has_room(bytes) ? meter.count(std::malloc(bytes == 0 ? 1 : bytes)) : nullptr;
}

void* meter_calloc(void*, size_t count, size_t bytes) {
  size_t total = 0;
  if (__builtin_mul_overflow(count, bytes, &total) || !meter.has_room(total)) return nullptr;
  return meter.count(total == 0 ? std::calloc(1, 1) : std::calloc(count, bytes));
}

void* meter_realloc(void*, void* memory, size_t bytes) {
  size_t held = malloc_usable_size(memory);
  if (bytes > held && !meter.has_room(bytes - held)) return nullptr;
  void* moved = std::realloc(memory, bytes == 0 ? 1 : bytes);
  if (moved == nullptr) return nullptr;
  meter.used.fetch_sub(static_cast<int64_t>(held), std::memory_order_relaxed);
  return meter.count(moved);
}

void meter_free(void*, void* memory) {
  meter.discount(memory);
  std::free(memory);
}

void* meter_take_arena(void*, size_t bytes) { return meter.count(std::malloc(bytes)); }
void meter_give_arena(void*, void* memory, size_t) { meter_free(nullptr, memory); }

}  // namespace

void install_memory_meter() {
  PyMemAllocatorEx general{nullptr, meter_malloc, meter_calloc, meter_realloc, meter_free};
  PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &general);
  PyObjectArenaAllocator arenas{nullptr, meter_take_arena, meter_give_arena};
  PyObject_SetArenaAllocator(&arenas);
}

MemoryCeiling::MemoryCeiling(uint64_t bytes) { ceiling = meter.used + static_cast<int64_t>(bytes); }

MemoryCeiling::~MemoryCeiling() { ceiling = kNoCeiling; }

}  // namespace tenon::jinja
