// tenon_tensor.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_tensor.h>

VALUE(TENON_RANK_MAX, 4);
VALUE(TENON_F32, 0u);
VALUE(TENON_F16, 1u);
VALUE(TENON_BF16, 2u);
VALUE(TENON_F8_E4M3, 3u);
VALUE(TENON_I32, 4u);
VALUE(TENON_I64, 5u);
VALUE(TENON_U8, 6u);
VALUE(TENON_DEVICE_CPU, 0u);
VALUE(TENON_DEVICE_CUDA, 1u);

SIZE(tenon_tensor, 80, device);
FIELD(tenon_tensor, 0, data, void*);
FIELD(tenon_tensor, 8, shape, int64_t[4]);
FIELD(tenon_tensor, 40, stride, int64_t[4]);
FIELD(tenon_tensor, 72, rank, int32_t);
FIELD(tenon_tensor, 76, dtype, uint16_t);
FIELD(tenon_tensor, 78, device, uint16_t);
