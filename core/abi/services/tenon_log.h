// Host service: lines in the engine's log.
#pragma once
#include "../tenon_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_LOG_DEBUG 0u
#define TENON_LOG_INFO 1u
#define TENON_LOG_WARNING 2u

#define TENON_LOG "tenon.log/1"
typedef struct tenon_log {
  uint32_t size, reserved;
  // Writes one line, prefixed with the object's place ("layer 3 gated mixer"). The text is copied. [any]
  void (*write)(const tenon_host* host, uint32_t level, const char* text) TENON_NOEXCEPT;
} tenon_log;

#ifdef __cplusplus
}
#endif
