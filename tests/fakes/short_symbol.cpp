// The entry holds a magic number and nothing else.
#include <tenon/abi/tenon_plugin.h>

extern "C" TENON_EXPORT constinit const uint32_t short_entry[2] asm("tenon_plugin_entry");
constinit const uint32_t short_entry[2] = {sizeof(tenon_plugin), TENON_ABI_MAGIC};
