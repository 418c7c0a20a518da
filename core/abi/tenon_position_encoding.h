// A position encoding gives the angular frequencies by which rotary dimensions turn, once, at load. The core
// turns a step's positions into cosines and sines, once for all layers.
#pragma once
#include "tenon_config.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_POSITION_ENCODING "tenon.position_encoding/1"
typedef struct tenon_position_encoding {
  uint32_t size, reserved;
  // Reads the configuration. On failure *self stays untouched. [control]
  tenon_status (*create)(const tenon_host* host, const tenon_config* config, void** self) TENON_NOEXCEPT;
  // Accepts NULL. [control]
  void (*destroy)(void* self) TENON_NOEXCEPT;
  // Pair i of a token at position p turns by p * frequencies[i] radians; its cosine and sine are multiplied by
  // *scale. frequencies: [pairs]. [control & created]
  tenon_status (*fill)(void* self, uint32_t pairs, float* frequencies, float* scale) TENON_NOEXCEPT;
} tenon_position_encoding;

#ifdef __cplusplus
}
#endif
