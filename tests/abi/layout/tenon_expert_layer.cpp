// tenon_expert_layer.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_expert_layer.h>

ID(TENON_EXPERT_LAYER, "tenon.expert_layer/1");

SIZE(tenon_expert_layer, 48, forward);
FIELD(tenon_expert_layer, 0, size, uint32_t);
FIELD(tenon_expert_layer, 4, reserved, uint32_t);
FUNCTION(tenon_expert_layer, 8, create, tenon_status(const tenon_host*, const tenon_config*, void**));
FUNCTION(tenon_expert_layer, 16, destroy, void(void*));
FUNCTION(tenon_expert_layer, 24, plan,
         tenon_status(void*, const tenon_model_shape*, const tenon_limits*, tenon_needs*));
FUNCTION(tenon_expert_layer, 32, bind, tenon_status(void*, const tenon_weights*));
FUNCTION(tenon_expert_layer, 40, forward,
         tenon_status(void*, const tenon_step*, const tenon_tensor*, const tenon_tensor*));
