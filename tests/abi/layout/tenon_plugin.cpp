// tenon_plugin.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/tenon_plugin.h>

VALUE(TENON_ABI_MAJOR, 1);
VALUE(TENON_ABI_MAGIC, 0x4e4e4554u);
VALUE(TENON_ISA_SCALAR, 0u);
VALUE(TENON_ISA_AVX2, 1u);
VALUE(TENON_ISA_AVX512, 2u);
VALUE(TENON_OK, 0);
VALUE(TENON_INVALID, 1);
VALUE(TENON_UNSUPPORTED, 2);
VALUE(TENON_OUT_OF_MEMORY, 3);
VALUE(TENON_IO, 4);
VALUE(TENON_DEVICE, 5);
VALUE(TENON_INTERNAL, 6);

SIZE(tenon_host, 40, get_service);
FIELD(tenon_host, 0, size, uint32_t);
FIELD(tenon_host, 4, abi_major, uint32_t);
FIELD(tenon_host, 8, abi_minor, uint32_t);
FIELD(tenon_host, 12, isa, uint32_t);
FIELD(tenon_host, 16, ctx, void*);
FUNCTION(tenon_host, 24, set_error, void(const tenon_host*, const char*));
FUNCTION(tenon_host, 32, get_service, const void*(const tenon_host*, const char*));

SIZE(tenon_plugin, 72, get_interface);
FIELD(tenon_plugin, 0, size, uint32_t);
FIELD(tenon_plugin, 4, magic, uint32_t);
FIELD(tenon_plugin, 8, abi_major, uint32_t);
FIELD(tenon_plugin, 12, abi_minor, uint32_t);
FIELD(tenon_plugin, 16, id, const char*);
FIELD(tenon_plugin, 24, version, const char*);
FIELD(tenon_plugin, 32, summary, const char*);
FIELD(tenon_plugin, 40, schema, const char*);
FIELD(tenon_plugin, 48, services, const char*);
FIELD(tenon_plugin, 56, isa, uint32_t);
FIELD(tenon_plugin, 60, reserved, uint32_t);
FUNCTION(tenon_plugin, 64, get_interface, const void*(const char*));
