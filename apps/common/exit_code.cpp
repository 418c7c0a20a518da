#include <apps/common/exit_code.hpp>

#include <cstdio>

namespace tenon {

int exit_code_of(tenon_status status) {
  switch (status) {
    case TENON_OK: return kExitOk;
    case TENON_INVALID: return kExitBadData;
    case TENON_UNSUPPORTED: return kExitUnavailable;
    case TENON_OUT_OF_MEMORY: return kExitOutOfMemory;
    case TENON_IO: return kExitIo;
    case TENON_DEVICE:
    case TENON_INTERNAL: return kExitFatal;
  }
  return kExitFatal;
}

int report(const Error& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "tenon: %s\n", error.text.c_str());
  return exit_code_of(error.code);
}

}  // namespace tenon
