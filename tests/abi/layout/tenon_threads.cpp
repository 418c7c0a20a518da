// services/tenon_threads.h as of version 1.0.
#include "layout.hpp"

#include <tenon/abi/services/tenon_threads.h>

ID(TENON_THREADS, "tenon.threads/1");

SIZE(tenon_threads, 16, parallel_for);
FIELD(tenon_threads, 0, size, uint32_t);
FIELD(tenon_threads, 4, reserved, uint32_t);
FUNCTION(tenon_threads, 8, parallel_for,
         void(const tenon_host*, uint32_t, uint32_t, void (*)(void*, uint32_t, uint32_t, uint32_t) noexcept,
              void*));
