// services/tenon_ops.h as of version 1.2.
#include "layout.hpp"

#include <tenon/abi/services/tenon_ops.h>

ID(TENON_OPS, "tenon.ops/1");

SIZE(tenon_expert_mlp, 224, scratch);
FIELD(tenon_expert_mlp, 0, size, uint32_t);
FIELD(tenon_expert_mlp, 4, reserved, uint32_t);
FIELD(tenon_expert_mlp, 8, gate, const tenon_weight*);
FIELD(tenon_expert_mlp, 16, up, const tenon_weight*);
FIELD(tenon_expert_mlp, 24, down, const tenon_weight*);
FIELD(tenon_expert_mlp, 32, row_start, const int32_t*);
FIELD(tenon_expert_mlp, 40, token_of_row, const int32_t*);
FIELD(tenon_expert_mlp, 48, factor_of_row, const float*);
FIELD(tenon_expert_mlp, 56, x, tenon_tensor);
FIELD(tenon_expert_mlp, 136, y, tenon_tensor);
FIELD(tenon_expert_mlp, 216, scratch, void*);

SIZE(tenon_ops, 48, expert_mlp);
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
FUNCTION(tenon_ops, 40, expert_mlp,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_expert_mlp*));
FUNCTION(tenon_ops, 32, silu_multiply,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_tensor*, const tenon_tensor*,
                      const tenon_tensor*));
