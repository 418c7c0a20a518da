// tenon_position_encoding.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_position_encoding.h>

ID(TENON_POSITION_ENCODING, "tenon.position_encoding/1");

SIZE(tenon_position_encoding, 32, fill);
FIELD(tenon_position_encoding, 0, size, uint32_t);
FIELD(tenon_position_encoding, 4, reserved, uint32_t);
FUNCTION(tenon_position_encoding, 8, create, tenon_status(const tenon_host*, const tenon_config*, void**));
FUNCTION(tenon_position_encoding, 16, destroy, void(void*));
FUNCTION(tenon_position_encoding, 24, fill, tenon_status(void*, uint32_t, float*, float*));
