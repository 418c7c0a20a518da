// tenon_weights.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_weights.h>

VALUE(TENON_SHARD_REPLICATED, 0u);
VALUE(TENON_SHARD_ROWS, 1u);
VALUE(TENON_SHARD_COLUMNS, 2u);
VALUE(TENON_SHARD_HEADS, 3u);
VALUE(TENON_SHARD_EXPERTS, 4u);

SIZE(tenon_weight_request, 64, reserved);
FIELD(tenon_weight_request, 0, size, uint32_t);
FIELD(tenon_weight_request, 4, shard, uint32_t);
FIELD(tenon_weight_request, 8, name, const char*);
FIELD(tenon_weight_request, 16, shape, int64_t[4]);
FIELD(tenon_weight_request, 48, rank, uint32_t);
FIELD(tenon_weight_request, 52, group, uint32_t);
FIELD(tenon_weight_request, 56, group_active, uint32_t);
FIELD(tenon_weight_request, 60, reserved, uint32_t);

SIZE(tenon_weights, 32, get_values);
FIELD(tenon_weights, 0, size, uint32_t);
FIELD(tenon_weights, 4, reserved, uint32_t);
FIELD(tenon_weights, 8, ctx, void*);
FUNCTION(tenon_weights, 16, get,
         tenon_status(const tenon_weights*, const tenon_weight_request*, const tenon_weight**));
FUNCTION(tenon_weights, 24, get_values,
         tenon_status(const tenon_weights*, const tenon_weight_request*, const float**));
