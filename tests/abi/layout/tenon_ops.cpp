// services/tenon_ops.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/services/tenon_ops.h>

ID(TENON_OPS, "tenon.ops/1");

SIZE(tenon_ops, 40, silu_multiply);
FIELD(tenon_ops, 0, size, uint32_t);
FIELD(tenon_ops, 4, reserved, uint32_t);
FUNCTION(tenon_ops, 8, linear,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_weight*, const float*,
                      const tenon_tensor*, const tenon_tensor*));
FUNCTION(tenon_ops, 16, grouped_linear,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_weight*, const int32_t*,
                      const tenon_tensor*, const tenon_tensor*));
FUNCTION(tenon_ops, 24, rms_norm,
         tenon_status(const tenon_host*, const tenon_step*, const float*, float, float, const tenon_tensor*,
                      const tenon_tensor*));
FUNCTION(tenon_ops, 32, silu_multiply,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_tensor*, const tenon_tensor*,
                      const tenon_tensor*));
