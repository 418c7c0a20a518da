// services/tenon_trace.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/services/tenon_trace.h>

ID(TENON_TRACE, "tenon.trace/1");

SIZE(tenon_trace, 24, emit);
FIELD(tenon_trace, 0, size, uint32_t);
FIELD(tenon_trace, 4, reserved, uint32_t);
FUNCTION(tenon_trace, 8, is_on, uint32_t(const tenon_host*));
FUNCTION(tenon_trace, 16, emit, void(const tenon_host*, const char*, const tenon_tensor*));
