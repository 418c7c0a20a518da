// The entry claims fields that the symbol does not have.
#include <tenon/abi/tenon_plugin.h>

extern "C" TENON_EXPORT constinit const uint32_t short_entry[4] asm("tenon_plugin_entry");
constinit const uint32_t short_entry[4] = {sizeof(tenon_plugin), TENON_ABI_MAGIC, TENON_ABI_MAJOR,
                                           TENON_ABI_MINOR};
