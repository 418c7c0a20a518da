// Without the SDK, so that nothing catches it.
#include "fake.hpp"

namespace {
tenon_status create(const tenon_host*, const tenon_config*, void**) noexcept { throw 42; }
}  // namespace

TENON_FAKE(.get_interface = tenon::fakes::interface_with_create<create>);
