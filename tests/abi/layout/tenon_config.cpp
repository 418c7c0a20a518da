// tenon_config.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_config.h>

SIZE(tenon_config, 64, refuse);
FIELD(tenon_config, 0, size, uint32_t);
FIELD(tenon_config, 4, reserved, uint32_t);
FIELD(tenon_config, 8, ctx, void*);
FUNCTION(tenon_config, 16, get_int, int64_t(const tenon_config*, const char*));
FUNCTION(tenon_config, 24, get_float, double(const tenon_config*, const char*));
FUNCTION(tenon_config, 32, get_bool, uint32_t(const tenon_config*, const char*));
FUNCTION(tenon_config, 40, get_string, const char*(const tenon_config*, const char*));
FUNCTION(tenon_config, 48, is_given, uint32_t(const tenon_config*, const char*));
FUNCTION(tenon_config, 56, refuse, tenon_status(const tenon_config*, const char*, const char*));
