// A view of numbers in memory. It owns nothing.
#pragma once
#include <stdint.h>

#define TENON_RANK_MAX 4

// Element types, in tenon_tensor.dtype.
#define TENON_F32 0u
#define TENON_F16 1u
#define TENON_BF16 2u
#define TENON_F8_E4M3 3u  // the "fn" variant: no infinities, 0x7f and 0xff are NaN
#define TENON_I32 4u
#define TENON_I64 5u
#define TENON_U8 6u

// Where the memory is, in tenon_tensor.device.
#define TENON_DEVICE_CPU 0u
#define TENON_DEVICE_CUDA 1u

typedef struct tenon_tensor {  // frozen
  void* data;
  int64_t shape[TENON_RANK_MAX];   // outermost first; unused dimensions are 1
  int64_t stride[TENON_RANK_MAX];  // in elements; the last used one is 1 unless a comment says otherwise
  int32_t rank;
  uint16_t dtype, device;
} tenon_tensor;
