// tenon_token_mixer.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_token_mixer.h>

ID(TENON_TOKEN_MIXER, "tenon.token_mixer/1");

SIZE(tenon_token_mixer, 48, forward);
FIELD(tenon_token_mixer, 0, size, uint32_t);
FIELD(tenon_token_mixer, 4, reserved, uint32_t);
FUNCTION(tenon_token_mixer, 8, create, tenon_status(const tenon_host*, const tenon_config*, void**));
FUNCTION(tenon_token_mixer, 16, destroy, void(void*));
FUNCTION(tenon_token_mixer, 24, plan,
         tenon_status(void*, const tenon_model_shape*, const tenon_limits*, tenon_needs*));
FUNCTION(tenon_token_mixer, 32, bind, tenon_status(void*, const tenon_weights*));
FUNCTION(tenon_token_mixer, 40, forward,
         tenon_status(void*, const tenon_step*, const tenon_state*, const tenon_tensor*, const tenon_tensor*));
