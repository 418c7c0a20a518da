// Host service: the engine's CPU threads. A plugin never starts its own.
#pragma once
#include "../tenon_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_THREADS "tenon.threads/1"
typedef struct tenon_threads {
  uint32_t size, reserved;
  // Calls task(ctx, begin, end, worker) until [0, count) is covered, on several threads at once, and returns
  // when all is done. Ranges are disjoint and at most `grain` long; worker < tenon_limits.threads and is never
  // in two tasks at a time. Results must not depend on how the range is cut. Not to be nested. [step]
  void (*parallel_for)(const tenon_host* host, uint32_t count, uint32_t grain,
                       void (*task)(void* ctx, uint32_t begin, uint32_t end, uint32_t worker) TENON_NOEXCEPT,
                       void* ctx) TENON_NOEXCEPT;
} tenon_threads;

#ifdef __cplusplus
}
#endif
