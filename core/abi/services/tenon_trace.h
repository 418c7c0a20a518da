// Host service: intermediate results, for comparing a model with a reference (`tenon parity`). Off in normal
// use.
#pragma once
#include "../tenon_step.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_TRACE "tenon.trace/1"
typedef struct tenon_trace {
  uint32_t size, reserved;
  // 1 while somebody listens. Constant during a step. [step]
  uint32_t (*is_on)(const tenon_host* host) TENON_NOEXCEPT;
  // Hands over a tensor, float32 or int32, dense, under the object's place and this name ("layer.3." + name).
  // It is copied. [step]
  void (*emit)(const tenon_host* host, const char* name, const tenon_tensor* value) TENON_NOEXCEPT;
} tenon_trace;

#ifdef __cplusplus
}
#endif
