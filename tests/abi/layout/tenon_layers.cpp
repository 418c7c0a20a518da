// services/tenon_layers.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/services/tenon_layers.h>

ID(TENON_LAYERS, "tenon.layers/1");

SIZE(tenon_layers, 64, next);
FIELD(tenon_layers, 0, size, uint32_t);
FIELD(tenon_layers, 4, reserved, uint32_t);
FUNCTION(tenon_layers, 8, create,
         tenon_status(const tenon_host*, const char*, const char*, uint32_t, tenon_layer**));
FUNCTION(tenon_layers, 16, plan, tenon_status(const tenon_host*, tenon_layer*, tenon_needs*));
FUNCTION(tenon_layers, 24, bind, tenon_status(const tenon_host*, tenon_layer*));
FUNCTION(tenon_layers, 32, forward,
         tenon_status(const tenon_host*, tenon_layer*, const tenon_step*, const tenon_state*,
                      const tenon_tensor*, const tenon_tensor*));
FUNCTION(tenon_layers, 40, embed,
         tenon_status(const tenon_host*, const tenon_step*, const int32_t*, const tenon_tensor*));
FUNCTION(tenon_layers, 48, head,
         tenon_status(const tenon_host*, const tenon_step*, const tenon_tensor*, const tenon_tensor*));
FUNCTION(tenon_layers, 56, next, tenon_status(const tenon_host*, const tenon_step*, const tenon_step**));
