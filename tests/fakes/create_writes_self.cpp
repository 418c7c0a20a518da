// Leaves a pointer to nowhere behind when it fails.
#include "fake.hpp"

namespace {
tenon_status create(const tenon_host* host, const tenon_config*, void** self) noexcept {
  *self = reinterpret_cast<void*>(uintptr_t{0x10});
  host->set_error(host, "not today");
  return TENON_UNSUPPORTED;
}
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<create>);
