// services/tenon_log.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/services/tenon_log.h>

VALUE(TENON_LOG_DEBUG, 0u);
VALUE(TENON_LOG_INFO, 1u);
VALUE(TENON_LOG_WARNING, 2u);
ID(TENON_LOG, "tenon.log/1");

SIZE(tenon_log, 16, write);
FIELD(tenon_log, 0, size, uint32_t);
FIELD(tenon_log, 4, reserved, uint32_t);
FUNCTION(tenon_log, 8, write, void(const tenon_host*, uint32_t, const char*));
